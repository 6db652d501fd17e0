#!lua flags=allow-oom
-- load: reads what a new owner needs before its first turn
-- KEYS     1 own  2 due  3 fx  4 out  5 outn  6 part  7 idem  8 deado  9 asks  10 tries
-- ARGV     1 claim  2 history
-- returns  {0, timers with due times, effects, out, out numbers, partly handled entries,
--          number of kept replies, number of open dead letters, deferred asks, tries, newest entry}
--          | {1, final seq} | {2, history} | {3}
-- cost     O(timers + effects + out + asks + tries)
--@include history
--@include fence
--@include hold
local record, refusal = fence(KEYS[1], ARGV[1], ARGV[2], history_id())
if not record then return refusal end
return {
  0,
  redis.call('ZRANGE', KEYS[2], 0, -1, 'WITHSCORES'),
  redis.call('HGETALL', KEYS[3]),
  redis.call('HGETALL', KEYS[4]),
  redis.call('HGETALL', KEYS[5]),
  redis.call('HGETALL', KEYS[6]),
  size_of(KEYS[7]),
  redis.call('ZCARD', KEYS[8]) - (redis.call('ZSCORE', KEYS[8], '') and 1 or 0),
  redis.call('HGETALL', KEYS[9]),
  redis.call('HGETALL', KEYS[10]),
  record[9],
}
