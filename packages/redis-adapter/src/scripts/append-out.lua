#!lua
-- append-out: adds messages of another shard to a mailbox, skipping one by one those it has taken (I2, I4)
-- KEYS     1 own  2 mail  3 prod
-- ARGV     1 source shard  2 out id  3 number of the first payload  4 number up to which messages
--          were lost here, or 0  5 most messages waiting, or ''  6 wake channel  7.. payloads
-- returns  {0, highest number taken} | {5, last} gap | {7, pending} full | {3} lost
-- cost     O(payloads)
--@include publish
--@include mail
-- A source's record: its last 8 out ids with the last number of each, newest first, line by line.
local own = redis.call('HMGET', KEYS[1], 'dataset', 'pending', 'last')
if not own[1] then return {3} end
local field = 's' .. ARGV[1]
local first = tonumber(ARGV[3])
local last, others = 0, {}
for id, n in string.gmatch(redis.call('HGET', KEYS[3], field) or '', '([^\n]+)\n(%d+)') do
  if id == ARGV[2] then last = tonumber(n)
  elseif #others < 14 then
    others[#others + 1] = id
    others[#others + 1] = n
  end
end
last = math.max(last, tonumber(ARGV[4]))
if first > last + 1 then return {5, last} end
local payloads = {}
for i = 7 + last + 1 - first, #ARGV do payloads[#payloads + 1] = ARGV[i] end
if #payloads == 0 then return {0, last} end
local pending = tonumber(own[2])
if ARGV[5] ~= '' and pending + #payloads > tonumber(ARGV[5]) then return {7, pending} end

last = first + #ARGV - 7
local id = add_mail(KEYS[2], payloads)
redis.call('HSET', KEYS[3], field, table.concat({ARGV[2], last, unpack(others)}, '\n'))
redis.call('HSET', KEYS[1], 'pending', pending + #payloads, 'last', id)
wake(ARGV[6], id, own[3], payloads)
return {0, last}
