#!lua flags=allow-oom
-- publish: publishes what a commit has written, once replicas have it
-- KEYS     1 own
-- ARGV     channel, payload of each message
-- returns  {0} | {3} lost
-- cost     O(messages)
--@include publish
if not redis.call('HGET', KEYS[1], 'dataset') then return {3} end
for i = 1, #ARGV, 2 do publish(ARGV[i], ARGV[i + 1]) end
return {0}
