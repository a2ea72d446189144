-- Appends a commit, if the machine is where the writer thinks it is.
-- KEYS  1 machine (hash)  2 commits (stream)  3 ids (hash)
-- ARGV  1 epoch  2 expected head  3 number of this commit  4 command id  5 text
-- Gives {'appended'} | {'duplicate', number} | {'version-conflict', head} | {'epoch-changed', epoch} | {'no-such-machine'}
local machine = redis.call('HMGET', KEYS[1], 'epoch', 'first', 'head')
if not machine[1] then
  return { 'no-such-machine' }
elseif machine[1] ~= ARGV[1] then
  return { 'epoch-changed', machine[1] }
end
local known = redis.call('HGET', KEYS[3], ARGV[4])
if known and tonumber(known) >= tonumber(machine[2]) then
  return { 'duplicate', known }
elseif machine[3] ~= ARGV[2] then
  return { 'version-conflict', machine[3] }
end
-- Readers see all of this or nothing, so the hint may come first: it fails where the user may not publish.
redis.call('PUBLISH', KEYS[1], 'appended')
-- The one write that can fail (out of memory, a stream that somebody else wrote to) comes first: then nothing is written.
redis.call('XADD', KEYS[2], ARGV[3] .. '-0', 'id', ARGV[4], 'text', ARGV[5])
redis.call('HSET', KEYS[3], ARGV[4], ARGV[3])
redis.call('HSET', KEYS[1], 'head', ARGV[3])
return { 'appended' }
