#!lua
-- add-events: adds events of one source to the cluster's stream, and some to the audit, skipping one by one those it has taken (I2, I4)
-- KEYS     1 events  2 sources  3 audit
-- ARGV     1 source  2 numbering  3 number of the first payload  4 number up to which events were
--          lost here, or 0  5 most to keep  6 time, or ''  7 channel  8 most to keep in the audit
--          9 '+' or '-' for each payload: whether the audit takes it  10.. payloads
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
local from = 10 + last + 1 - first
if from > #ARGV then return {0, last} end

local now = now_ms(ARGV[6])
-- Gives each its id behind the newest one; leaves out numbers of lost ones, so that readers see that
-- something is missing.
local function appender(key, keep, lost)
  local newest = redis.call('XREVRANGE', key, '+', '-', 'COUNT', 1)[1]
  local before_ms, n = string.match(newest and newest[1] or '0-0', '^(%d+)-(%d+)$')
  local ms = math.max(now, tonumber(before_ms))
  n = tonumber(n) + lost
  return function(payload)
    n = n + 1
    local id = string.format('%.0f-%.0f', ms, n)
    redis.call('XADD', key, 'MAXLEN', '=', keep, id, 'e', payload)
    return id
  end
end
local add, audit, id = appender(KEYS[1], ARGV[5], last - taken), nil, nil
for i = from, #ARGV do
  id = add(ARGV[i])
  if string.sub(ARGV[9], i - 9, i - 9) == '+' then
    -- How many of the lost ones the audit would have taken is not known.
    audit = audit or appender(KEYS[3], ARGV[8], math.min(1, last - taken))
    audit(ARGV[i])
  end
end
last = first + #ARGV - 10
redis.call('HSET', KEYS[2], ARGV[1], table.concat({ARGV[2], last, unpack(others)}, '\n'))
publish(ARGV[7], id)
return {0, last}
