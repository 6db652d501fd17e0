#!lua flags=allow-oom
-- acknowledge-loss: marks a finding as seen by somebody; a repeat changes nothing
-- KEYS     1 own, or meta  2 loss
-- ARGV     1 id  2 by whom  3 reason  4 time, or ''
-- returns  {0, its fields as a flat list of name and value} | {15} there is no such finding
-- cost     O(1)
--@include now
local known = redis.call('HMGET', KEYS[2], 'id', 'until', 'ackAt', 'n')
local now = now_ms(ARGV[4])
if known[1] ~= ARGV[1] or tonumber(known[2]) <= now then return {15} end
if not known[3] then
  local changes = tonumber(known[4]) + 1
  redis.call('HSET', KEYS[2], 'ackBy', ARGV[2], 'ackReason', ARGV[3],
    'ackAt', string.format('%.0f', now), 'n', changes)
  redis.call('HSET', KEYS[1], 'loss', ARGV[1] .. '.' .. changes)
end
return {0, redis.call('HGETALL', KEYS[2])}
