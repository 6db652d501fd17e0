#!lua flags=allow-oom
-- heartbeat: extends a node's lease and judges its peers: by alive subscription and by lease
-- KEYS     1 meta  2 nodes  3 beats  4 alive  5 mv  6 missing  7 deaf  8 gone  9 seen  10 stats
-- ARGV     1 node  2 incarnation  3 lease ms  4 state  5 confirmation delay ms  6 '1' to probe peers
--          7 stats, or ''  8 alive channel  9 membership channel  10 void after ms  11 time, or ''
-- returns  {0, time, version, dataset, history, was gone, flaps, cordoned, recheck ms or -1}
--          | {11, incarnation or 'none'} superseded | {3} lost
-- cost     O(nodes) for the probe, otherwise O(log nodes)
--@include now
--@include history
--@include publish
--@include chunks
--@include hold
--@include node-record
--@include version
--@include judge-probe
--@include judge-lease
local meta = redis.call('HMGET', KEYS[1], 'dataset', 'state')
if not meta[1] or meta[2] ~= 'ready' then return {3} end
local record = redis.call('HGET', KEYS[2], ARGV[1])
local me = record and parse_node(record)
if not me then return {11, 'none'} end
if me.incarnation ~= ARGV[2] then return {11, me.incarnation} end
if me.state == 'left' or me.void == '1' then return {11, 'none'} end

-- A beat is proof of life, whatever its subscription.
redis.call('HDEL', KEYS[6], ARGV[8])
local now, history = now_ms(ARGV[11]), history_id()
local lease = tonumber(ARGV[3])
local mv = redis.call('HMGET', KEYS[5], 'version', 'beatAt', 'history', 'probeFrom')
local changed, recheck = false, -1
local silent = mv[2] and now - tonumber(mv[2])
if silent and (silent < 0 or silent > lease / 2 or mv[3] ~= history) then
  -- Redis stalled, restarted, or its clock went back: nobody could beat, so nobody is judged.
  -- Alive subscriptions may still be on their way back, so probes count again one lease later.
  rebase_leases(now + lease)
  redis.call('HSET', KEYS[5], 'probeFrom', string.format('%.0f', now + lease))
  clear(KEYS[6])
else
  changed = judge_by_lease(ARGV[1], now)
  if ARGV[6] == '1' and now >= tonumber(mv[4] or 0) then
    local suspected
    suspected, recheck = judge_by_probe(ARGV[8], now, tonumber(ARGV[5]))
    changed = changed or suspected
  end
end
changed = void_gone(ARGV[1], now - tonumber(ARGV[10])) or changed

local was_gone = me.state == 'suspect' or me.state == 'lost'
if was_gone then
  -- Hysteresis: whoever comes back is for a while judged by its lease alone.
  local deaf = lease * 2 ^ math.min(5, tonumber(me.flaps))
  local ended = redis.call('HGETALL', KEYS[7])
  for i = 1, #ended, 2 do
    if ended[i] ~= '' and tonumber(ended[i + 1]) <= now then redis.call('HDEL', KEYS[7], ended[i]) end
  end
  redis.call('HSET', KEYS[7], ARGV[8], string.format('%.0f', now + deaf))
  redis.call('HSET', KEYS[4], ARGV[1], ARGV[8])
  redis.call('ZREM', KEYS[8], ARGV[1])
end
if me.state ~= ARGV[4] then
  me.state = ARGV[4]
  redis.call('HSET', KEYS[2], ARGV[1], format_node(me))
  changed = true
end
local at = string.format('%.0f', now)
redis.call('ZADD', KEYS[3], string.format('%.0f', now + lease), ARGV[1])
redis.call('HSET', KEYS[9], ARGV[1], at)
redis.call('HSET', KEYS[5], 'beatAt', at, 'history', history)
if ARGV[7] ~= '' then redis.call('HSET', KEYS[10], ARGV[1], ARGV[7]) end
local version = changed and raise_version(KEYS[5], ARGV[9]) or tonumber(mv[1])
return {0, now, version, meta[1], history, was_gone and 1 or 0, tonumber(me.flaps),
  tonumber(me.cordoned), recheck}
