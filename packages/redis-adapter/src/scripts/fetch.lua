#!lua flags=allow-oom
-- fetch: reads actor states and replies kept for idempotency keys that have not expired
-- KEYS     1 own  2 a  3 idem  4 idemx
-- ARGV     1 claim  2 history  3 time, or ''  4 number of actors  then the actors  then the keys
-- returns  {0, state or nil for each actor, reply or nil for each key} | {1, final seq} | {2, history} | {3}
-- cost     O(actors + keys)
--@include now
--@include history
--@include fence
local record, refusal = fence(KEYS[1], ARGV[1], ARGV[2], history_id())
if not record then return refusal end
local answer = {0}
local actors_end = 4 + tonumber(ARGV[4])
for from = 5, actors_end, 4000 do
  local states = redis.call('HMGET', KEYS[2], unpack(ARGV, from, math.min(from + 3999, actors_end)))
  for _, state in ipairs(states) do answer[#answer + 1] = state end
end
if #ARGV == actors_end then return answer end
local now = now_ms(ARGV[3])
for from = actors_end + 1, #ARGV, 4000 do
  local to = math.min(from + 3999, #ARGV)
  local replies = redis.call('HMGET', KEYS[3], unpack(ARGV, from, to))
  local expiries = redis.call('ZMSCORE', KEYS[4], unpack(ARGV, from, to))
  for i, reply in ipairs(replies) do
    answer[#answer + 1] = expiries[i] and tonumber(expiries[i]) > now and reply
  end
end
return answer
