#!lua flags=allow-oom
-- claim: compare-and-set of a shard's ownership; a repeat with the current claim writes nothing (I1)
-- KEYS     1 own  2 prod  3 outn  4.. all keys of the shard beside own
-- ARGV     1 claim  2 claim seen, or 'none'  3 node  4 incarnation  5 dataset  6 highest epoch known
--          7 membership version  8 not before  9 producer floor  10 random part of a fresh out id
--          11 '1' to make a lost record anew  12 time, or ''  13 kinds of KEYS 4..
-- returns  {0, epoch, history, out id, not before, unclean} | {9, ownership, history} held
--          | {10, version seen} stale membership | {3} lost
-- cost     O(1), O(producers) when the floor rises
--@include now
--@include history
--@include chunks
--@include ownership
--@include final-seq
--@include create-own
--@include hold
local own = KEYS[1]
local function read()
  return redis.call('HMGET', own, 'dataset', 'claim', 'released', 'history', 'epoch', 'seq', 'finals',
    'notBefore', 'version', 'floor', 'out', 'unclean', 'incarnation', 'last')
end
local record = read()
local seen = ARGV[2]
if not record[1] and ARGV[11] == '1' then
  create_own(own, ARGV[5], ARGV[10])
  record = read()
  seen = 'none'
end
if record[1] ~= ARGV[5] then return {3} end
local history = history_id()
local claim = record[2]
if claim == ARGV[1] and record[3] == '0' and record[4] == history then
  return {0, record[5], history, record[11], record[8], record[12] or ''}
end
if claim == ARGV[1] then return {9, ownership(own), history} end
if tonumber(ARGV[7]) < tonumber(record[9]) then return {10, record[9]} end
if claim ~= seen then return {9, ownership(own), history} end

local floor = tonumber(record[10])
local gone = {}
if tonumber(ARGV[9]) > floor then
  floor = tonumber(ARGV[9])
  for _, producer in ipairs(redis.call('HKEYS', KEYS[2])) do
    local join = tonumber(string.match(producer, '^(%d+)%.'))
    if join and join < floor then gone[#gone + 1] = producer end
  end
end

hold_all(4, ARGV[13])
local now = now_ms(ARGV[12])
local epoch = string.format('%.0f', math.max(tonumber(record[5]) + 1, tonumber(ARGV[6]) + 1, now))
local not_before = string.format('%.0f', math.max(tonumber(record[8]), tonumber(ARGV[8])))
local finals = claim == 'none' and record[7] or add_final(record[7], claim, record[6], record[5])
-- Unclean take-overs, the last two: epoch that ended, newest mailbox entry, time.
local unclean = record[12] or ''
if record[3] == '0' and claim ~= 'none' and record[13] ~= ARGV[4] then
  unclean = string.match(unclean, '[^\n]+\n$') or ''
  unclean = unclean .. record[5] .. ' ' .. record[14] .. ' ' .. string.format('%.0f', now) .. '\n'
end
local out = record[11]
if record[4] ~= history or not out then
  out = epoch .. '.' .. ARGV[10]
  clear(KEYS[3])
end
redis.call('HSET', own, 'claim', ARGV[1], 'owner', ARGV[3], 'incarnation', ARGV[4], 'released', '0',
  'history', history, 'epoch', epoch, 'seq', 0, 'hash', '', 'answer', '', 'finals', finals,
  'notBefore', not_before, 'version', ARGV[7], 'floor', floor, 'out', out, 'unclean', unclean)
-- What the former owner took no more of is the next one's to say.
redis.call('HDEL', own, 'closed')
in_chunks('HDEL', KEYS[2], gone)
return {0, epoch, history, out, not_before, unclean}
