-- Removes a machine. What stays for a minute is a stream with one last entry, which wakes those who wait on it.
-- KEYS  1 machine (hash)  2 commits (stream)  3 ids (hash)  4 snapshots (hash)  5 snapshot numbers (sorted set)
-- ARGV  1 epoch
-- Gives {'removed'} | {'epoch-changed', epoch} | {'no-such-machine'}
local epoch = redis.call('HGET', KEYS[1], 'epoch')
if not epoch then
  return { 'no-such-machine' }
elseif epoch ~= ARGV[1] then
  return { 'epoch-changed', epoch }
end
redis.call('UNLINK', unpack(KEYS))
redis.call('XADD', KEYS[2], '9007199254740991-0', 'removed', '1')
redis.call('EXPIRE', KEYS[2], 60)
return { 'removed' }
