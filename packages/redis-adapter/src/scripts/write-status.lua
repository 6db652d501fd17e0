#!lua flags=allow-oom
-- write-status: writes status rows of a node's present incarnation and publishes them
-- KEYS     1 status  2 ver
-- ARGV     1 node  2 incarnation  3 seq  4 '1' to reset  5 status channel  6 rows as published, or ''
--          7 number of rows written, each: unit, row  then the units removed
-- returns  {0, history, number} | {11, incarnation or 'none'} superseded
-- cost     O(rows)
--@include history
--@include publish
--@include chunks
--@include hold
-- ver: n, incarnation, seq, and the last 16 incarnations replaced, line by line, newest first
local ver = redis.call('HMGET', KEYS[2], 'n', 'incarnation', 'seq', 'retired')
local n, present, retired = tonumber(ver[1] or 0), ver[2] or 'none', ver[4] or '\n'
local history = history_id()
local reset = ARGV[4] == '1'
if present == ARGV[2] then
  if tonumber(ARGV[3]) <= tonumber(ver[3]) then return {0, history, n} end
elseif not reset or string.find(retired, '\n' .. ARGV[2] .. '\n', 1, true) then
  return {11, present}
end
local kind = redis.call('TYPE', KEYS[1]).ok
if kind ~= 'none' and kind ~= 'hash' then
  return redis.error_reply('MUSTERDATA ' .. KEYS[1] .. ' is a ' .. kind)
end

if present ~= ARGV[2] and present ~= 'none' then
  local lines, count = {'', present}, 2
  for line in string.gmatch(retired, '[^\n]+') do
    if count == 17 then break end
    count = count + 1
    lines[count] = line
  end
  retired = table.concat(lines, '\n') .. '\n'
end
n = n + 1
redis.call('HSET', KEYS[2], 'n', n, 'incarnation', ARGV[2], 'seq', ARGV[3], 'retired', retired)
if reset then clear(KEYS[1]) end
hold(KEYS[1], 'h')
local last = 7 + 2 * tonumber(ARGV[7])
for from = 8, last, 4000 do
  redis.call('HSET', KEYS[1], unpack(ARGV, from, math.min(from + 3999, last)))
end
for from = last + 1, #ARGV, 4000 do
  redis.call('HDEL', KEYS[1], unpack(ARGV, from, math.min(from + 3999, #ARGV)))
end
publish(ARGV[5], table.concat({ARGV[1], ARGV[2], history, n, ARGV[4], ARGV[6]}, '\n'))
return {0, history, n}
