#!lua flags=allow-oom
-- reap: forgets nodes that are gone for long, for whoever holds the role now; their rows are its to drop
-- KEYS     1 role  2 nodes  3 mv  4 gone  5 seen  6 stats  7 info  8 reaped  9 event sources
-- ARGV     1 token of the term  2 gone for ms  3 the same of ephemeral nodes  4 most at once
--          5 membership channel  6 time, or ''  7.. node and incarnation whose rows were dropped
-- returns  {0, nodes whose rows are to be dropped, as a flat list of node and state|incarnation} | {1} fenced
-- cost     O(nodes)
--@include now
--@include publish
--@include hold
--@include node-record
--@include version
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return {1} end
hold_all(8, 'hh')
for i = 7, #ARGV, 2 do
  local reaped = redis.call('HGET', KEYS[8], ARGV[i])
  if reaped and string.match(reaped, '^%a+|(.*)$') == ARGV[i + 1] then
    redis.call('HDEL', KEYS[8], ARGV[i])
  end
end
local now, most = now_ms(ARGV[6]), tonumber(ARGV[4])
local changed = 0
local records = redis.call('HGETALL', KEYS[2])
for i = 1, #records, 2 do
  local name, node = records[i], parse_node(records[i + 1])
  if changed < most and (node.state == 'lost' or node.state == 'left') then
    local heard = tonumber(redis.call('HGET', KEYS[5], name) or node.started)
    local bound = tonumber(node.ephemeral == '1' and ARGV[3] or ARGV[2])
    if now - heard >= bound then
      for _, key in ipairs({2, 5, 6, 7}) do redis.call('HDEL', KEYS[key], name) end
      redis.call('ZREM', KEYS[4], name)
      redis.call('HDEL', KEYS[9], 'node ' .. name)
      redis.call('HSET', KEYS[8], name, node.state .. '|' .. node.incarnation)
      changed = changed + 1
    end
  end
end
if changed > 0 then raise_version(KEYS[3], ARGV[5]) end
local pending = {}
for i, value in ipairs(redis.call('HGETALL', KEYS[8])) do pending[i] = value end
return {0, pending}
