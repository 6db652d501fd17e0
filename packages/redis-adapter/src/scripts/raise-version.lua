#!lua flags=allow-oom
-- raise-version: raises the membership version above one that a shard has seen
-- KEYS     1 mv
-- ARGV     1 version seen  2 membership channel
-- returns  {0, version}
-- cost     O(1)
--@include publish
local version = tonumber(redis.call('HGET', KEYS[1], 'version') or 0)
local wanted = tonumber(ARGV[1]) + 1
if wanted <= version then return {0, version} end
redis.call('HSET', KEYS[1], 'version', wanted)
publish(ARGV[2], wanted)
return {0, wanted}
