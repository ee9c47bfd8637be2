-- Moments are seconds and nanoseconds, since a number here has 53 bits.
-- Without a rate the credit is -1 seconds, without a day its quota is 0.
local now = redis.call('TIME')
local s, ns = tonumber(now[1]), now[2] * 1000
local span_s, span_ns, credit_s, credit_ns = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local n, per_day = tonumber(ARGV[5]), tonumber(ARGV[6])
local today = math.floor(s / 86400)

-- When the bucket is full again, and what was used on which day.
local full_s, full_ns, day, used = 0, 0, 0, 0
local kept = redis.call('GET', KEYS[1])
if kept then
	full_s, full_ns, day, used = string.match(kept, '^(%d+) (%d+) (%d+) (%d+)$')
	full_s, full_ns, day, used = tonumber(full_s), tonumber(full_ns), tonumber(day), tonumber(used)
end

local function keep(...)
	redis.call('SET', KEYS[1], string.format('%.0f %.0f %.0f %.0f', full_s, full_ns, day, used), ...)
end

if n < 0 then -- given back
	if kept then
		full_s, full_ns = full_s - span_s, full_ns - span_ns
		if full_ns < 0 then
			full_s, full_ns = full_s - 1, full_ns + 1000000000
		end
		if full_s < 0 then
			full_s, full_ns = 0, 0
		end
		if day == today then
			used = math.max(0, used + n)
		end
		keep('KEEPTTL')
	end
	return false
end

if per_day > 0 and day ~= today then
	day, used = today, 0
end
if full_s < s or full_s == s and full_ns < ns then
	full_s, full_ns = s, ns
end
local owed_s, owed_ns = full_s - s, full_ns - ns
if owed_ns < 0 then
	owed_s, owed_ns = owed_s - 1, owed_ns + 1000000000
end
local standing = {s, ns, owed_s, owed_ns, used}

local rated = credit_s >= 0
if rated and (owed_s > credit_s or owed_s == credit_s and owed_ns > credit_ns) then
	return standing
end
if per_day > 0 and used > 0 and used + math.max(n, 1) > per_day then
	return standing
end
if n > 0 then
	if rated then
		full_s, full_ns = full_s + span_s, full_ns + span_ns
		if full_ns >= 1000000000 then
			full_s, full_ns = full_s + 1, full_ns - 1000000000
		end
	end
	local ttl = full_s - s
	if per_day > 0 then
		used = used + n
		ttl = math.max(ttl, 86400 - s % 86400)
	end
	keep('EX', string.format('%.0f', ttl + 2))
end
return standing
