#!lua flags=allow-oom
-- join: registers an incarnation of a node
-- KEYS     1 meta  2 nodes  3 beats  4 alive  5 mv  6 joins  7 info  8 seen  9 gone
--          10 missing  11 deaf  12 stats  13 loss
-- ARGV     1 node  2 incarnation  3 lease ms  4 shard count  5 info  6 ephemeral  7 alive channel
--          8 membership channel  9 time, or ''
-- returns  {0, dataset, history, shard count, join number, cordoned, version, time, created}
--          | {12, incarnation, ms} taken | {13, shard count} mismatch | {3} the data must be created
-- cost     O(log nodes)
--@include now
--@include history
--@include publish
--@include node-record
--@include version
--@include hold
local meta = redis.call('HMGET', KEYS[1], 'dataset', 'shards', 'state', 'createdBy')
if not meta[1] or meta[3] ~= 'ready' then return {3} end
if meta[2] ~= ARGV[4] then return {13, tonumber(meta[2])} end
hold_all(3, 'Zh')
hold_all(9, 'Zhhhh')
local now = now_ms(ARGV[9])
local record = redis.call('HGET', KEYS[2], ARGV[1])
local former = record and parse_node(record)
local live = {joining = true, up = true, draining = true, suspect = true}

local function joined(node)
  local version = tonumber(redis.call('HGET', KEYS[5], 'version') or 0)
  return {0, meta[1], history_id(), tonumber(meta[2]), tonumber(node.join), tonumber(node.cordoned),
    version, now, tonumber(node.created)}
end
if former and former.incarnation == ARGV[2] then
  -- A repeat, or the late copy of a join: it registers nothing, and nobody who has left.
  if former.state == 'left' then return joined(former) end
  if live[former.state] and former.state ~= 'suspect' then
    redis.call('ZADD', KEYS[3], now + tonumber(ARGV[3]), ARGV[1])
    return joined(former)
  end
elseif former and live[former.state] then
  local deadline = tonumber(redis.call('ZSCORE', KEYS[3], ARGV[1]) or 0)
  if deadline > now then return {12, former.incarnation, deadline - now} end
end

-- At least the time, so that a number given before a loss of the counter is not given again.
local join = math.max(tonumber(redis.call('GET', KEYS[6]) or 0) + 1, now)
redis.call('SET', KEYS[6], string.format('%.0f', join))
local node = {
  state = 'joining', cordoned = former and former.cordoned or '0', join = string.format('%.0f', join),
  lease = ARGV[3], started = string.format('%.0f', now), ephemeral = ARGV[6], void = '0', flaps = '0',
  created = meta[4] == ARGV[2] and '1' or '0', incarnation = ARGV[2],
}
redis.call('HSET', KEYS[2], ARGV[1], format_node(node))
redis.call('ZADD', KEYS[3], now + tonumber(ARGV[3]), ARGV[1])
redis.call('HSET', KEYS[4], ARGV[1], ARGV[7])
redis.call('HSET', KEYS[7], ARGV[1], ARGV[5])
redis.call('HSET', KEYS[8], ARGV[1], node.started)
redis.call('ZREM', KEYS[9], ARGV[1])
redis.call('HDEL', KEYS[12], ARGV[1])
raise_version(KEYS[5], ARGV[8])
return joined(node)
