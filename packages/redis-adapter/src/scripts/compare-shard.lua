#!lua flags=allow-oom
-- compare-shard: compares what a node knows of a shard with its record, and notes what is missing (I2)
-- KEYS     1 own  2 prod  3 loss
-- ARGV     1 node  2 id of a finding if one is opened  3 keep ms  4 most senders  5 time, or ''
--          6 number of positions, for each: epoch, commit number  then number of senders, for each:
--          name, 'p' producer or 's' shard, join number or out id, last batch
-- returns  {0, 1 when something is missing, epoch, history, born} | {3} the record is not there
-- cost     O(positions * claims remembered + senders)
--@include now
--@include hold
--@include note-loss
local own = redis.call('HMGET', KEYS[1], 'history', 'epoch', 'seq', 'finals', 'floor', 'born')
if not own[1] then return {3} end
local marks = {{tonumber(own[2]), tonumber(own[3])}}
for seq, epoch in string.gmatch(own[4], '[^\n]+\n(%d+)\n(%d+)') do
  marks[#marks + 1] = {tonumber(epoch), tonumber(seq)}
end
-- With fewer than all that are remembered there was nothing before them.
if #marks <= 16 then marks[#marks + 1] = {0, 0} end

local function last_kept(known)
  if known[2] == 0 then return nil end
  for _, mark in ipairs(marks) do
    if mark[1] == known[1] then return mark[2] < known[2] and mark or nil end
    if mark[1] < known[1] then return mark end
  end
  return nil
end
-- The last batch held of a sender, nil where its record was dropped on purpose.
local function last_batch(name, kind, of)
  local record = redis.call('HGET', KEYS[2], kind == 'p' and name or 's' .. string.match(name, '%d+$'))
  if kind == 'p' then
    if record then return tonumber(string.match(record, '^%d+')) end
    if tonumber(of) < tonumber(own[5]) then return nil end
    return 0
  end
  local others = 0
  for id, n in string.gmatch(record or '', '([^\n]+)\n(%d+)') do
    if id == of then return tonumber(n) end
    others = others + 1
  end
  if others == 8 then return nil end
  return 0
end

local missing = {batches = {}}
local at = 7
for _ = 1, tonumber(ARGV[6]) do
  local known = {tonumber(ARGV[at]), tonumber(ARGV[at + 1])}
  local left = last_kept(known)
  if left and (not missing.from or is_behind(left, missing.from)) then missing.from = left end
  if left and (not missing.to or is_behind(missing.to, known)) then missing.to = known end
  at = at + 2
end
for _ = 1, tonumber(ARGV[at]) do
  local last = last_batch(ARGV[at + 1], ARGV[at + 2], ARGV[at + 3])
  local known = tonumber(ARGV[at + 4])
  if last and last < known then
    missing.batches[#missing.batches + 1] = {ARGV[at + 1], last + 1, known}
  end
  at = at + 4
end
local lost = missing.from or #missing.batches > 0
if lost then
  note_loss(KEYS[3], KEYS[1], now_ms(ARGV[5]), {
    id = ARGV[2], node = ARGV[1], keep = tonumber(ARGV[3]), most = tonumber(ARGV[4]),
  }, missing)
end
return {0, lost and 1 or 0, own[2], own[1], own[6] or ''}
