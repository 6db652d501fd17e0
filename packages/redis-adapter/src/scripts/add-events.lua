#!lua
-- add-events: adds events of one source to the cluster's stream, skipping one by one those it has taken (I2, I4)
-- KEYS     1 events  2 sources
-- ARGV     1 source  2 numbering  3 number of the first payload  4 number up to which events were
--          lost here, or 0  5 most to keep  6 time, or ''  7 channel  8.. payloads
-- returns  {0, highest number taken} | {5, last} gap
-- cost     O(payloads)
--@include now
--@include publish
-- A source's record: its last 8 numberings with the last number of each, newest first, line by line.
local taken, others = 0, {}
for id, n in string.gmatch(redis.call('HGET', KEYS[2], ARGV[1]) or '', '([^\n]+)\n(%d+)') do
  if id == ARGV[2] then taken = tonumber(n)
  elseif #others < 14 then
    others[#others + 1] = id
    others[#others + 1] = n
  end
end
local first = tonumber(ARGV[3])
local last = math.max(taken, tonumber(ARGV[4]))
if first > last + 1 then return {5, last} end
local from = 8 + last + 1 - first
if from > #ARGV then return {0, last} end

local newest = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
local before_ms, n = string.match(newest and newest[1] or '0-0', '^(%d+)-(%d+)$')
local ms = math.max(now_ms(ARGV[6]), tonumber(before_ms))
-- The numbers of lost ones are left out, so that readers see that something is missing.
n = tonumber(n) + last - taken
local id
for i = from, #ARGV do
  n = n + 1
  id = string.format('%.0f-%.0f', ms, n)
  redis.call('XADD', KEYS[1], 'MAXLEN', '=', ARGV[5], id, 'e', ARGV[i])
end
last = first + #ARGV - 8
redis.call('HSET', KEYS[2], ARGV[1], table.concat({ARGV[2], last, unpack(others)}, '\n'))
publish(ARGV[7], id)
return {0, last}
