-- Makes a machine of staged commits, if there is none of that name.
-- KEYS  1 machine (hash)  2 commits (stream)  3 ids (hash)
-- ARGV  1 epoch  2 number of the last commit  3 id of the first one
-- Gives {'created'} | {'machine-exists', epoch, head} | {'lost', staged commits that are there}
local machine = redis.call('HMGET', KEYS[1], 'epoch', 'head')
if machine[1] then
  return { 'machine-exists', machine[1], machine[2] }
end
local there = math.min(redis.call('XLEN', KEYS[2]), redis.call('HLEN', KEYS[3]))
if there ~= tonumber(ARGV[2]) then
  return { 'lost', there }
end
redis.call('HSET', KEYS[1], 'form', '1', 'epoch', ARGV[1], 'first', '1', 'head', ARGV[2], 'boot', ARGV[3])
redis.call('PERSIST', KEYS[2])
redis.call('PERSIST', KEYS[3])
return { 'created' }
