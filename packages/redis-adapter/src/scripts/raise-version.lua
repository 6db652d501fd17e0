#!lua flags=allow-oom
-- raise-version: raises the membership version above one that a shard has seen
-- KEYS     1 meta  2 mv
-- ARGV     1 version seen  2 membership channel
-- returns  {0, version}; the version seen, and nothing written, where the data is gone
-- cost     O(1)
--@include publish
if redis.call('HEXISTS', KEYS[1], 'dataset') == 0 then return {0, tonumber(ARGV[1])} end
local version = tonumber(redis.call('HGET', KEYS[2], 'version') or 0)
local wanted = tonumber(ARGV[1]) + 1
if wanted <= version then return {0, version} end
redis.call('HSET', KEYS[2], 'version', wanted)
publish(ARGV[2], wanted)
return {0, wanted}
