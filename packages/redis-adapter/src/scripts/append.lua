#!lua
-- append: adds a producer's batch to a mailbox and wakes the owner; refused when memory is full (I2, I3, I4)
-- KEYS     1 own  2 mail  3 prod
-- ARGV     1 producer  2 its join number  3 batch number  4 hash  5 messages
--          6 most messages waiting, or ''  7 wake channel  8 payload
-- returns  {0, number, its entry or a later one, closed} | {6} stale | {5, last} gap | {4} conflict
--          | {8, reaped} unknown producer | {7, pending} full: settled for good, a late copy adds nothing either | {3} lost
-- cost     O(1)
--@include publish
--@include mail
-- A producer's record: number of its last batch, '+' taken or '-' refused as full, hash.
local own = redis.call('HMGET', KEYS[1], 'dataset', 'pending', 'last', 'floor', 'closed')
if not own[1] then return {3} end
local number = tonumber(ARGV[3])
local pending, count = tonumber(own[2]), tonumber(ARGV[5])
local known = redis.call('HGET', KEYS[3], ARGV[1])
if known then
  local last, outcome, hash = string.match(known, '^(%d+)([+-])(.*)$')
  last = tonumber(last)
  if number == last then
    if hash ~= ARGV[4] then return {4} end
    if outcome == '-' then return {7, pending} end
    -- Written again, so that a WAIT behind the repeat counts replicas that have the batch.
    redis.call('HSET', KEYS[3], ARGV[1], known)
    return {0, last, own[3]}
  end
  if number < last then return {6} end
  if number > last + 1 then return {5, last} end
else
  local reaped = tonumber(ARGV[2]) < tonumber(own[4])
  if reaped or number ~= 1 then return {8, reaped and 1 or 0} end
end
if ARGV[6] ~= '' and pending + count > tonumber(ARGV[6]) then
  redis.call('HSET', KEYS[3], ARGV[1], number .. '-' .. ARGV[4])
  return {7, pending}
end

local id = add_mail(KEYS[2], {ARGV[8]})
redis.call('HSET', KEYS[3], ARGV[1], number .. '+' .. ARGV[4])
redis.call('HSET', KEYS[1], 'pending', pending + count, 'last', id)
wake(ARGV[7], id, own[3], {ARGV[8]})
return {0, number, id, own[5] or ''}
