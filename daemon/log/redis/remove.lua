-- Removes a machine, and wakes those who follow it.
-- KEYS  1 machine (hash)  2 commits (stream)  3 ids (hash)  4 snapshots (hash)  5 snapshot numbers (sorted set)
-- ARGV  1 epoch
-- Gives {'removed'} | {'epoch-changed', epoch} | {'no-such-machine'}
local epoch = redis.call('HGET', KEYS[1], 'epoch')
if not epoch then
  return { 'no-such-machine' }
elseif epoch ~= ARGV[1] then
  return { 'epoch-changed', epoch }
end
redis.call('PUBLISH', KEYS[1], 'removed')
redis.call('UNLINK', unpack(KEYS))
return { 'removed' }
