-- Takes a removed machine out of the registry, unless it was created again meanwhile.
-- KEYS  1 registry (hash)
-- ARGV  1 name  2 epoch of the removed machine
-- Gives {'forgotten'} | {'kept'}
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then
  return { 'kept' }
end
redis.call('HDEL', KEYS[1], ARGV[1])
return { 'forgotten' }
