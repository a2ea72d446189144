-- Removes a machine, and wakes those who follow it.
-- KEYS  1 machine (hash)  2 commits (stream)  3 ids (hash)  4 snapshots (hash)  5 snapshot numbers (sorted set)
-- ARGV  1 epoch
-- Gives {'removed'} | {'epoch-changed', epoch} | {'no-such-machine'}
local machine = redis.call('HMGET', KEYS[1], 'epoch', 'form')
if not machine[1] then
  return { 'no-such-machine' }
elseif machine[2] ~= '1' then
  return redis.error_reply('FORM ' .. tostring(machine[2]))
elseif machine[1] ~= ARGV[1] then
  return { 'epoch-changed', machine[1] }
end
redis.call('PUBLISH', KEYS[1], 'removed')
redis.call('UNLINK', unpack(KEYS))
return { 'removed' }
