#!lua flags=allow-oom
-- commit: writes one batch of decisions of a shard's owner, all or nothing (I1, I2, I3)
-- KEYS     1 own  2 mail  3 part  4 idem  5 idemx  6 ver  7.. what the writes name
-- ARGV     1 claim  2 history  3 seq  4 hash  5 messages leaving the mailbox  6 shard
--          7 messages in the local entry  8 local entry's payload  9 first mailbox id to keep, or ''
--          10 drop kept replies that expired before, or ''
--          11 number of writes, for each: command, index into KEYS, number of arguments, arguments
--          then number of new dead letters and of resolved ones, most to be kept, and if there are any:
--          indexes of dead, deadb, deado, deadr; for each new one: id, time, head, body; for each
--          resolved one: id, head
--          then number of views, for each: kind, channel or '' to publish nothing, changed rows as
--          published, or ''
--          then number of messages, for each: channel, payload
--          then time, or ''
-- returns  {0, local entry, entry before it, kept replies when ARGV 10 was given, version of each view}
--          | {4} conflict | {5, seq} gap
--          | {1, final seq} fenced | {2, history} | {3} lost
-- cost     O(arguments)
--@include now
--@include history
--@include fence
--@include publish
--@include mail
--@include trim-part
--@include hold
--@include dead-letters
local history = history_id()
local own, refusal = fence(KEYS[1], ARGV[1], ARGV[2], history)
if not own then return refusal end
local function kept() return ARGV[10] ~= '' and size_of(KEYS[4]) or '' end
local seq, last_seq = tonumber(ARGV[3]), tonumber(own[5])
if seq == last_seq and own[6] == ARGV[4] then
  local entry, previous = string.match(own[7], '^(%S+) (%S+)$')
  local answer, at = {0, entry or '', previous or '', kept()}, 12
  for _ = 1, tonumber(ARGV[11]) do at = at + 3 + tonumber(ARGV[at + 2]) end
  local _, views_at = read_letters(at)
  for i = 0, tonumber(ARGV[views_at]) - 1 do
    answer[5 + i] = tonumber(redis.call('HGET', KEYS[6], ARGV[views_at + 1 + 3 * i]) or 0)
  end
  -- Written again, so that a WAIT behind the repeat counts replicas that have the commit.
  redis.call('HSET', KEYS[1], 'seq', ARGV[3])
  return answer
end
if seq <= last_seq then return {4} end
if seq > last_seq + 1 then return {5, last_seq} end

-- Everything that could fail is looked at before the first write: nothing is rolled back.
local kinds = {H = 'hash', Z = 'zset', X = 'stream'}
local at = 12
for _ = 1, tonumber(ARGV[11]) do
  local key, n = KEYS[tonumber(ARGV[at + 1])], tonumber(ARGV[at + 2])
  local kind = redis.call('TYPE', key).ok
  if n > 4100 or (kind ~= 'none' and kind ~= kinds[string.sub(ARGV[at], 1, 1)]) then
    return redis.error_reply('MUSTERDATA ' .. key .. ' is a ' .. kind .. ' or takes too many arguments')
  end
  at = at + 3 + n
end
local letters
letters, at = read_letters(at)
if letters and letters.refused then return redis.error_reply('MUSTERDATA ' .. letters.refused) end
local views_at, views = at + 1, tonumber(ARGV[at])
local messages_at = views_at + 3 * views
-- Numbers that a lost record has given are never given again: they begin at the time (I6).
local versions = {}
for i = 0, views - 1 do
  versions[i] = tonumber(redis.call('HGET', KEYS[6], ARGV[views_at + 3 * i]) or now_ms(ARGV[#ARGV])) + 1
end
local expired = {}
if ARGV[10] ~= '' then
  expired = redis.call('ZRANGEBYSCORE', KEYS[5], '-inf', '(' .. ARGV[10], 'LIMIT', 0, 128)
end
local waiting = redis.call('XLEN', KEYS[2])
local trimmed = trimmed_parts(KEYS[3], ARGV[9])
local local_count = tonumber(ARGV[7])
local entry = local_count > 0 and add_mail(KEYS[2], {ARGV[8]}) or ''

if #expired > 0 then
  redis.call('HDEL', KEYS[4], unpack(expired))
  redis.call('ZREM', KEYS[5], unpack(expired))
end
at = 12
for _ = 1, tonumber(ARGV[11]) do
  local n = tonumber(ARGV[at + 2])
  redis.call(ARGV[at], KEYS[tonumber(ARGV[at + 1])], unpack(ARGV, at + 3, at + 2 + n))
  at = at + 3 + n
end
if ARGV[9] ~= '' then redis.call('XTRIM', KEYS[2], 'MINID', '=', ARGV[9]) end
if #trimmed > 0 then redis.call('HDEL', KEYS[3], unpack(trimmed)) end
if letters then write_letters(letters) end
local previous = entry ~= '' and own[9] or ''
-- Unreadable payloads do not tell how many messages they held: an empty mailbox sets it right.
local pending = math.max(0, tonumber(own[8]) - tonumber(ARGV[5]))
if waiting > 0 then waiting = redis.call('XLEN', KEYS[2]) - (entry ~= '' and 1 or 0) end
if waiting == 0 then pending = 0 end
redis.call('HSET', KEYS[1], 'seq', ARGV[3], 'hash', ARGV[4],
  'answer', entry ~= '' and entry .. ' ' .. previous or '',
  'pending', pending + local_count,
  'last', entry ~= '' and entry or own[9])

for i = 0, views - 1 do
  at = views_at + 3 * i
  redis.call('HSET', KEYS[6], ARGV[at], versions[i])
  publish(ARGV[at + 1], ARGV[6] .. '\n' .. history .. '\n' .. versions[i] .. '\n' .. ARGV[at + 2])
end
for i = 0, tonumber(ARGV[messages_at]) - 1 do
  publish(ARGV[messages_at + 1 + 2 * i], ARGV[messages_at + 2 + 2 * i])
end
local answer = {0, entry, previous, kept()}
for i = 0, views - 1 do answer[5 + i] = versions[i] end
return answer
