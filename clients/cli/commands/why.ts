/** `veneer why ADDRESS` and `veneer trace SITE`: who wrote what stands there, and where a call from there arrives. */
import type { Command } from 'commander';
import type { Hex } from '../../../protocol/address.ts';
import type { Instruction, Place, TraceAnswer, WhyAnswer, Write } from '../../../protocol/inspect.ts';
import { address } from '../arguments.ts';
import type { Context } from '../context.ts';
import { count, counted, distance } from '../format/number.ts';
import { plain } from '../format/plain.ts';
import { pairs } from '../format/table.ts';
import type { Output } from '../output.ts';
import { type AtOption, asking, at } from './at.ts';
import { type AddCommand, examples } from './registry.ts';

export const addWhy: AddCommand = (program, go) => {
  program
    .command('why')
    .summary('tell what wrote an address')
    .description(
      'Of any address: which events wrote what stands there, back to the relocation and the file of the module. Of a ' +
        'PLT entry also which branch asked for it; of a static-call site, trampoline or literal each patch with its ' +
        'command and reason.',
    )
    .argument('<address>', 'any byte of an instruction, an entry, a datum', address)
    .addOption(at())
    .addHelpText('after', examples('veneer why 0xffff800000d01004', 'veneer why 0xffff800000d01004 --at 3 --json'))
    .action((where: Hex, options: AtOption, command: Command) =>
      go(command, (context) => why(context, where, options)),
    );
  program
    .command('trace')
    .summary('follow a call')
    .description(
      'Follows a call on live memory from its site (or from a branch, a PLT entry, a trampoline) to where it arrives, ' +
        'each hop disassembled.',
    )
    .argument('<site>', 'the address of the call', address)
    .addOption(at())
    .addHelpText('after', examples('veneer trace 0xffff800000d01004', 'veneer trace 0xffff800000d01004 --json'))
    .action((where: Hex, options: AtOption, command: Command) =>
      go(command, (context) => trace(context, where, options)),
    );
};

async function why(context: Context, where: Hex, options: AtOption): Promise<void> {
  const { out } = context;
  const answer = await asking(context, options, (machine, at) => machine.why(where, at));
  await out.value(answer);
  out.print(...whyLines(out, answer));
}

function whyLines(
  out: Output,
  { address: where, place, bytes, text, writes, notes }: Omit<WhyAnswer, 'position'>,
): string[] {
  const lines = [
    `${out.paint.bold(where)}  ${plain(placeWords(place))}`,
    ...pairs([
      ...(place.symbol === null ? [] : [['symbol', place.symbol] as const]),
      ...(bytes === null ? [] : [['now', text === null ? bytes : `${bytes}  ${text}`] as const]),
    ]),
  ];
  for (const write of writes) {
    lines.push('', `${out.paint.bold(`commit ${count(write.commit)}`)}  ${plain(write.cause)}`);
    lines.push(...writeLines(write).map((line) => `  ${plain(line)}`));
  }
  if (writes.length === 0) lines.push('', nothingWritten(bytes));
  lines.push(...notes.map((note) => out.paint.dim(plain(`note: ${note}`))));
  return lines;
}

/** Bytes that no event wrote are the loader's own: from the module's file, by a relocation where one is. */
function nothingWritten(bytes: string | null): string {
  return bytes === null ? 'no event wrote here' : 'as the loader left it: no event has written here since';
}

function placeWords({ kind, address: start, size, owner, section, key, flags, slot }: Place): string {
  const of = owner === null ? '' : ` of ${owner}`;
  const where = section === null ? '' : `, ${section.name}+0x${section.offset.toString(16)}`;
  switch (kind) {
    case 'site': {
      const marks = [...(((flags ?? 0) & 1) !== 0 ? ['TAIL'] : []), ...(((flags ?? 0) & 2) !== 0 ? ['INIT'] : [])];
      return `static-call site${of}, key ${String(key)}${marks.length > 0 ? `, ${marks.join('|')}` : ''}${where}`;
    }
    case 'trampoline':
    case 'literal':
      return `${kind} of the key ${String(key)}, ${counted(size, 'byte')} from ${start}`;
    case 'key':
      return `func of the key ${String(key)}`;
    case 'plt':
      return `PLT entry${of}, ${section?.name ?? '.plt'}[${String(slot)}]`;
    case 'section':
      return `${counted(size, 'byte')} from ${start}${of}${where}`;
    case 'memory':
      return `memory${of} outside its sections`;
    case 'kernel':
      return 'the kernel image';
    case 'free':
      return 'nobody has this memory';
  }
}

const WHAT: Readonly<Record<Write['what'], string>> = {
  file: "the module's file",
  relocation: 'relocation',
  finalize: 'module_finalize',
  plt: 'PLT entry',
  boot: 'boot',
  func: 'key.func',
  patch: 'patch',
};

function writeLines({ what, text, bytes, reason, veneer, patch, address: where }: Write): string[] {
  const [before, after] = [text[0] ?? bytes[0], text[1] ?? bytes[1]];
  const change = before === null ? after : `${before} -> ${after}`;
  const lines = [`${WHAT[what]}: ${reason}`, `${where}: ${change}`];
  if (veneer?.asked) {
    const { type, symbol, section, offset } = veneer.asked;
    lines.push(
      `asked for by ${type} against ${symbol} at ${section}+0x${offset.toString(16)}, which is ${veneer.site}`,
    );
  }
  if (patch) {
    const far =
      patch.distance === null
        ? ''
        : `, func is ${distance(patch.distance)} away${patch.inReach ? '' : ', out of reach'}`;
    lines.push(`${patch.atomicity}, hops ${patch.hops[0]} -> ${patch.hops[1]}, ${patch.class}${far}`);
  }
  return lines;
}

async function trace(context: Context, where: Hex, options: AtOption): Promise<void> {
  const { out } = context;
  const answer = await asking(context, options, (machine, at) => machine.trace(where, at));
  await out.value(answer);
  out.print(...traceLines(out, answer));
}

function traceLines(
  out: Output,
  { hops, symbol, key, branches, class: kind, end, expected, arrives, notes }: Omit<TraceAnswer, 'position'>,
): string[] {
  const lines = [out.paint.bold(plain(key === null ? String(symbol) : `${String(symbol)}, a site of ${key}`))];
  for (const hop of hops) {
    for (const [index, one] of hop.instructions.entries()) {
      lines.push(plain(instructionLine(index === 0 ? hop.place : '', one)));
    }
    for (const { address: from, value } of hop.reads) lines.push(plain(`            reads ${value} at ${from}`));
  }
  lines.push(...arrivalLines(out, end, kind));
  const classes = `${counted(branches, 'branch', 'branches')}, ${kind}`;
  if (arrives === false) {
    const meant = expected === null || expected === undefined ? 'nothing' : expected;
    lines.push(out.paint.red(`${classes}: it does not arrive at ${meant}`));
  } else lines.push(classes);
  return [...lines, ...notes.map((note) => out.paint.dim(plain(`note: ${note}`)))];
}

const PLACE_WIDTH = 10;

function instructionLine(place: string, { address: where, bytes, text, symbol }: Instruction): string {
  return `${place.padEnd(PLACE_WIDTH)}  ${where}  ${bytes.padEnd(12)}  ${text.padEnd(32)}  ${symbol ?? ''}`.trimEnd();
}

function arrivalLines(out: Output, end: TraceAnswer['end'], kind: TraceAnswer['class']): string[] {
  if (end === null) return [kind === 'none' ? 'calls nothing' : out.paint.red('traps')];
  const lines = [`${'arrives at'.padEnd(PLACE_WIDTH)}  ${end.address}  ${plain(end.symbol ?? '')}`.trimEnd()];
  for (const one of end.instructions) lines.push(plain(instructionLine('', one)));
  return lines;
}
