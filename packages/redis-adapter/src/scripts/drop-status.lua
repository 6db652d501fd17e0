#!lua flags=allow-oom
-- drop-status: drops the status rows of a node that was reaped, unless another incarnation has written since
-- KEYS     1 status  2 ver
-- ARGV     1 incarnation
-- returns  {0} | {11, incarnation} superseded
-- cost     O(rows)
local present = redis.call('HGET', KEYS[2], 'incarnation')
if present and present ~= ARGV[1] then return {11, present} end
redis.call('DEL', KEYS[1], KEYS[2])
return {0}
