#!lua flags=allow-oom
-- next-fence: gives the number of an election, above all given before it
-- KEYS     1 fence
-- ARGV     1 time in ms instead of Redis's own, or ''
-- returns  {0, number}: at least the time, so that none is given again after a loss of the counter
-- cost     O(1)
--@include now
local fence = math.max(tonumber(redis.call('GET', KEYS[1]) or 0) + 1, now_ms(ARGV[1]))
redis.call('SET', KEYS[1], string.format('%.0f', fence))
return {0, fence}
