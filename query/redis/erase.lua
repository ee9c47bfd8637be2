-- Takes events out of the stream of a tenant. ARGV: their ids. The numbers of a
-- stream go on from its newest entry, which may be one of them, so that one
-- without an event takes its place.
local newest = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)
if newest[1] then
	redis.call('XADD', KEYS[1], '*', 'n', newest[1][2][2], 'first', newest[1][2][4])
end
return redis.call('XDEL', KEYS[1], unpack(ARGV))
