-- Creates a machine with its first commit.
-- KEYS  1 machine (hash)  2 commits (stream)  3 ids (hash)  4 snapshots (hash)  5 snapshot numbers (sorted set)
-- ARGV  1 epoch  2 command id  3 text
-- Gives {'created'} | {'duplicate', epoch} | {'machine-exists', epoch, head}
local machine = redis.call('HMGET', KEYS[1], 'epoch', 'first', 'head', 'boot')
if machine[1] then
  if machine[2] == '1' and machine[4] == ARGV[2] then
    return { 'duplicate', machine[1] }
  end
  return { 'machine-exists', machine[1], machine[3] }
end
redis.call('UNLINK', unpack(KEYS))
redis.call('XADD', KEYS[2], '1-0', 'id', ARGV[2], 'text', ARGV[3])
-- A field of 65 bytes makes the hash a table for good. As the list that Redis keeps of up to 512 short fields it would be
-- searched through for each id.
local long = string.rep('-', 65)
redis.call('HSET', KEYS[3], ARGV[2], '1', long, '')
redis.call('HDEL', KEYS[3], long)
redis.call('HSET', KEYS[1], 'form', '1', 'epoch', ARGV[1], 'first', '1', 'head', '1', 'boot', ARGV[2])
return { 'created' }
