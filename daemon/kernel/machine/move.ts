/** A profile as KASLR leaves it: image, symbols and static calls moved, windows placed anew. */
import { fromHex, type Hex, toHex } from '../../../protocol/address.ts';
import type { MachineProfile } from '../../../protocol/profile.ts';
import { type Area, insertArea, isFree, lowestFit } from '../region/areas.ts';
import { emptyRegion, type Windows } from '../region/region.ts';
import { isHex } from './check.ts';
import { imageSlide, randomWindows } from './kaslr.ts';
import { randomFrom } from './random.ts';
import { imageData, imageOf, type KernelImage } from './windows.ts';

type Reserved = MachineProfile['reserved'];

/** `profile` moved by `seed`. A window that it does not have stays away. What is outside the image keeps its address. */
export function moveBy(profile: MachineProfile, seed: number): MachineProfile {
  const random = randomFrom(seed);
  const before = imageOf(profile);
  const facts = { ...profile, full: profile.randomizeModuleRegionFull ?? false };
  const slide = imageSlide({ ...facts, kernel: before }, random);
  const kernel = { text: before.text + slide, etext: before.etext + slide, end: before.end + slide };
  const drawn = randomWindows({ ...facts, kernel }, random);
  const { direct, fallback } = profile.moduleRegion;
  const windows = { direct: direct ? drawn.direct : undefined, fallback: fallback ? drawn.fallback : undefined };

  const inImage = (address: number) => address >= before.text && address <= before.end;
  const moved = (hex: Hex): Hex => (inImage(fromHex(hex)) ? toHex(fromHex(hex) + slide) : hex);
  return {
    ...moveSymbols(profile, moved),
    kernel: moveKernel(profile.kernel, moved),
    moduleRegion: regionOf(windows),
    reserved: moveReserved(profile, before, slide, windows),
    kaslrSeed: seed,
  };
}

/** A profile's module region for windows. */
export function regionOf({ direct, fallback }: Windows): MachineProfile['moduleRegion'] {
  const range = (window: Area | undefined) => (window ? { start: toHex(window.start), end: toHex(window.end) } : null);
  return { direct: range(direct), fallback: range(fallback) };
}

function moveKernel(kernel: MachineProfile['kernel'], moved: (hex: Hex) => Hex): MachineProfile['kernel'] {
  const { text, etext, end, initFree } = kernel;
  return {
    ...kernel,
    text: moved(text),
    etext: moved(etext),
    end: moved(end),
    ...(initFree && { initFree: [moved(initFree[0]), moved(initFree[1])] }),
  };
}

function moveSymbols(profile: MachineProfile, moved: (hex: Hex) => Hex): MachineProfile {
  const { symbols, percpu, returnThunk, staticCalls } = profile;
  return {
    ...profile,
    symbols: Object.fromEntries(Object.entries(symbols).map(([name, address]) => [name, moved(address)])),
    ...(percpu && { percpu: { start: moved(percpu.start), end: moved(percpu.end) } }),
    ...(returnThunk && { returnThunk: { ...returnThunk, address: moved(returnThunk.address) } }),
    ...(staticCalls && { staticCalls: moveStaticCalls(staticCalls, moved) }),
  };
}

/** Bytes of trampolines and sites stay as they are: their branches are relative, and both ends move. */
function moveStaticCalls(
  { keys, trampKeys, vmlinuxSites }: NonNullable<MachineProfile['staticCalls']>,
  moved: (hex: Hex) => Hex,
): NonNullable<MachineProfile['staticCalls']> {
  return {
    keys: Object.fromEntries(
      Object.entries(keys).map(([name, key]) => [
        name,
        {
          ...key,
          address: moved(key.address),
          func: isHex(key.func) ? moved(key.func) : key.func,
          tramp: moved(key.tramp),
          ...(key.literal && { literal: moved(key.literal) }),
        },
      ]),
    ),
    ...(trampKeys && { trampKeys: trampKeys.map(([tramp, key, name]) => [moved(tramp), moved(key), name]) }),
    ...(vmlinuxSites && {
      vmlinuxSites: vmlinuxSites.map(([site, key, flags, bytes]) => [moved(site), key, flags, bytes]),
    }),
  };
}

/**
 * What others hold: areas of the image move with it; an area elsewhere in a window is placed again as at boot, lowest
 * first fit in that window's new place; one outside the windows stays. One that finds no room any more is left out.
 */
function moveReserved(profile: MachineProfile, before: KernelImage, slide: number, windows: Windows): Reserved {
  const { pageSize, moduleRegion } = profile;
  const ofImage = imageData(before, pageSize).end;
  const areas = profile.reserved.map(([start, end]) => ({ start: fromHex(start), end: fromHex(end) }));
  const belongs = ({ start, end }: Area) => start >= before.text && end <= ofImage;
  const kept: [number, number][] = areas.filter(belongs).map(({ start, end }) => [start + slide, end + slide]);
  const image = { text: before.text + slide, etext: before.etext + slide, end: before.end + slide };
  let taken = emptyRegion(kept, { start: image.text, end: imageData(image, pageSize).end }).areas;
  for (const area of areas.filter((area) => !belongs(area)).sort((a, b) => a.start - b.start)) {
    const length = area.end - area.start;
    const [old, window] = contains(moduleRegion.direct, area)
      ? [moduleRegion.direct, windows.direct]
      : [moduleRegion.fallback, windows.fallback];
    const start = contains(old, area)
      ? window && lowestFit(taken, window.start, window.end, length, pageSize)
      : isFree(taken, area.start, area.end)
        ? area.start
        : undefined;
    if (start === undefined) continue;
    taken = insertArea(taken, start, start + length);
    kept.push([start, start + length]);
  }
  return kept.sort(([a], [b]) => a - b).map(([start, end]) => [toHex(start), toHex(end)]);
}

function contains(window: MachineProfile['moduleRegion']['direct'], { start }: Area): boolean {
  return window ? start >= fromHex(window.start) && start < fromHex(window.end) : false;
}
