-- Stores a snapshot.
-- KEYS  1 machine (hash)  2 snapshots (hash)  3 snapshot numbers (sorted set)
-- ARGV  1 epoch  2 number of its commit  3 bytes
-- Gives {'stored'} | {'beyond-head', head} | {'epoch-changed', epoch} | {'no-such-machine'}
local machine = redis.call('HMGET', KEYS[1], 'epoch', 'head', 'form')
if not machine[1] then
  return { 'no-such-machine' }
elseif machine[3] ~= '1' then
  return redis.error_reply('FORM ' .. tostring(machine[3]))
elseif machine[1] ~= ARGV[1] then
  return { 'epoch-changed', machine[1] }
elseif tonumber(ARGV[2]) > tonumber(machine[2]) then
  return { 'beyond-head', machine[2] }
end
redis.call('HSET', KEYS[2], ARGV[2], ARGV[3])
redis.call('ZADD', KEYS[3], ARGV[2], ARGV[2])
return { 'stored' }
