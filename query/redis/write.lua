-- Appends events to the stream of a tenant, numbered without gaps, and drops what
-- is too old or too much. ARGV: how many are kept, for how many milliseconds, how
-- many of those that happened are left out here; then the events.
local now = redis.call('TIME')
local newest = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)
local number, first
if newest[1] then
	number, first = tonumber(newest[1][2][2]), newest[1][2][4]
else
	-- Behind all numbers of a stream that was forgotten.
	number = now[1] * 1000000 + now[2]
	first = string.format('%.0f', number + 1)
end
number = number + ARGV[3]
for i = 4, #ARGV do
	number = number + 1
	redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[1], '*', 'n', string.format('%.0f', number), 'first', first, 'e', ARGV[i])
end
local oldest = now[1] * 1000 + math.floor(now[2] / 1000) - ARGV[2]
redis.call('XTRIM', KEYS[1], 'MINID', string.format('%.0f', oldest))
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return #ARGV - 3
