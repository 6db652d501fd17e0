#!lua flags=allow-oom
-- survey: reads what a shard holds, for its checks
-- KEYS     1 own  2 mail  3 part  4 a  5 due  6 fx  7 out  8 outn  9 asks  10 idem  11 idemx  12 dead
--          13 deadb  14 deado  15 deadr  16 ver  17.. view of each kind
-- ARGV     1 most entries of one part  2 most mailbox entries  3 number of kinds with a view, then
--          these  then number of beginnings of actors whose states are read, these, then actors
-- returns  {0, ownership, history, out id, mailbox length, oldest entries, part, actors, states, due,
--          fx, out, outn, asks, {idem, idemx}, {deado, deadr, dead, deadb}, for each view: number and
--          rows} | {3} lost; a part is {count, entries}, or {count} where there are too many
-- cost     O(entries), at most ARGV 1 of each part
--@include history
--@include ownership
--@include hold
local record = ownership(KEYS[1])
if not record then return {3} end
local limit = tonumber(ARGV[1])
local function pairs_of(key)
  local size = size_of(key)
  if size > limit then return {size} end
  return {size, redis.call('HGETALL', key)}
end
local function names_of(key)
  local size = size_of(key)
  if size > limit then return {size} end
  return {size, redis.call('HKEYS', key)}
end
local function members(key)
  return redis.call('ZCARD', key) - (redis.call('ZSCORE', key, '') and 1 or 0)
end
local actors, states = names_of(KEYS[4]), {}
local kinds = tonumber(ARGV[3])
local function add_state(actor)
  local state = redis.call('HGET', KEYS[4], actor)
  if not state then return end
  states[#states + 1] = actor
  states[#states + 1] = state
end
local last = 4 + kinds + tonumber(ARGV[4 + kinds])
for _, actor in ipairs(actors[2] or {}) do
  for i = 5 + kinds, last do
    if string.sub(actor, 1, #ARGV[i]) == ARGV[i] then add_state(actor) end
  end
end
for i = last + 1, #ARGV do add_state(ARGV[i]) end
local timers = members(KEYS[5])
local answer = {
  0,
  record,
  history_id(),
  redis.call('HGET', KEYS[1], 'out') or 'none',
  redis.call('XLEN', KEYS[2]),
  redis.call('XRANGE', KEYS[2], '-', '+', 'COUNT', ARGV[2]),
  names_of(KEYS[3]),
  actors,
  states,
  timers > limit and {timers} or {timers, redis.call('ZRANGE', KEYS[5], 0, -1, 'WITHSCORES')},
  pairs_of(KEYS[6]),
  names_of(KEYS[7]),
  redis.call('HGETALL', KEYS[8]),
  pairs_of(KEYS[9]),
  {size_of(KEYS[10]), members(KEYS[11])},
  {members(KEYS[14]), members(KEYS[15]), size_of(KEYS[12]), size_of(KEYS[13])},
}
for i = 1, kinds do
  answer[#answer + 1] = tonumber(redis.call('HGET', KEYS[16], ARGV[3 + i]) or 0)
  answer[#answer + 1] = pairs_of(KEYS[16 + i])
end
return answer
