#!lua flags=allow-oom
-- list-nodes: reads all nodes known
-- KEYS     1 nodes  2 beats  3 mv  4 joins  5 info  6 seen  7 stats  8 meta
-- ARGV     1 time, or ''
-- returns  {0, version, time, history, number of joins, records, lease deadlines, infos, last
--          heartbeats, stats, loss mark}, five of them as flat lists of node and value
-- cost     O(nodes)
--@include now
--@include history
return {
  0,
  tonumber(redis.call('HGET', KEYS[3], 'version') or 0),
  now_ms(ARGV[1]),
  history_id(),
  tonumber(redis.call('GET', KEYS[4]) or 0),
  redis.call('HGETALL', KEYS[1]),
  redis.call('ZRANGE', KEYS[2], 0, -1, 'WITHSCORES'),
  redis.call('HGETALL', KEYS[5]),
  redis.call('HGETALL', KEYS[6]),
  redis.call('HGETALL', KEYS[7]),
  redis.call('HGET', KEYS[8], 'loss') or '',
}
