/**
 * What kind of instruction a mnemonic is, of either architecture: no mnemonic means different kinds in the two. Whether an
 * x86-64 `mov` loads or stores its operands say.
 */
import type { Kind } from './types.ts';

const KINDS: readonly (readonly [Kind, RegExp])[] = [
  ['nop', /^(nop[wlq]?|endbr(32|64)|bti|yield|hint|esb|csdb|pause|fnop)$/],
  ['call', /^(bl|blr(aa|ab)z?|blr|l?call[wlq]?)$/],
  ['return', /^(ret(aa|ab|[wlq])?|eret(aa|ab)?|l?ret[wlq]?|iret[wlq]?|sysret[lq]?|sysexit[lq]?)$/],
  ['branch', /^(b|b\.\w+|bc\.\w+|br|bra[ab]z?|cbn?z|tbn?z|l?jmp[wlq]?|j[a-z]{1,4}|loop(n?[ez])?|xbegin)$/],
  ['trap', /^(brk|udf|hlt|int[13]?|into|ud[012])$/],
  ['address', /^(adrp?|lea[wlq]?)$/],
  [
    'system',
    /^(svc|hvc|smc|msr|mrs|msrr|mrrs|sysl?|dc|ic|at|tlbi|dmb|dsb|isb|sb|wf[ei]t?|sevl?|clrex|dcps\d|drps|pac\w+|aut\w+|xpac\w+|psb|tsb|gcsb|prfu?m|cpuid|rdmsr|wrmsr|rdtscp?|rdpmc|rdrand[wlq]?|rdseed[wlq]?|rdpkru|wrpkru|x[gs]etbv|in[bwl]?|out[bwl]?|cli|sti|clac|stac|clts|swapgs|sys(call|enter)|[lsm]fence|prefetch\w+|clflush(opt)?|clwb|(wb(no)?)?invd|inv\w+|v(mx\w+|mread\w*|mwrite\w*|mptr\w+|mclear|mlaunch|mresume|mrun|msave|mload|mcall|mmcall)|stgi|clgi|ver[rw]|[ls][lgi]dt[wlq]?|ltr[wlq]?|str[wlq]|monitorx?|mwaitx?|umwait|umonitor|tpause|pushf[wlq]?|popf[wlq]?|fx(save|rstor)(64)?|x(save|rstor)\w*|f\w*(cw|sw|init|clex)|rd[fg]sbase[lq]?|wr[fg]sbase[lq]?|cld|std|wait)$/,
  ],
  [
    'store',
    /^(st(p|np|g|2g|z2g|gp|r|ur|tr|lr|llr|xr|lxr|xp|lxp|lur)(b|h)?|st[1-4]|st(add|clr|eor|set|[su]max|[su]min)l?[bh]?|push[wlq]?|stos[bwlq]?)$/,
  ],
  [
    'load',
    /^(ld(r|ur|tr|ar|lar|apr|apur|xr|axr)(s?[bhw])?|ld(p|psw|np|xp|axp|g|raa|rab)|ld[1-4]r?|ld(add|clr|eor|set|[su]max|[su]min)(a|al|l)?[bh]?|swp(a|al|l)?[bh]?|cas(a|al|l)?[bh]?|casp(a|al|l)?|pop[wlq]?|leave[wq]?|lods[bwlq]?)$/,
  ],
  [
    'move',
    /^(mov[znk]|mov|fmov|movi|mvni|cset|csetm|csel|csinc|csinv|csneg|cinc|cinv|cneg|[su]xt[bhw]|mov\w+|v?p?mov\w+|cmov\w+|set[a-z]{1,3}|xchg[bwlq]?|bswap[lq]?|clt[dq]|cqto|c[wlb]t[wldq]|rev(16|32|64)?)$/,
  ],
  [
    'arithmetic',
    /^(add|adds|adc|adcs|sub|subs|sbc|sbcs|neg|negs|ngcs?|cmp|cmn|ccmp|ccmn|tst|and|ands|orr|orn|eor|eon|bics?|mvn|[lar]s[lr]|ror|extr|mul|m(add|sub|neg)|[su](mull|mulh|maddl|msubl|mnegl|div)|[su]?bf(x|iz|m|i|xil|c)|clz|cls|rbit|abs|cnt|ctz|[su](max|min)|crc32\w*|(add|sub|adc|sbb|and|or|xor|not|neg|inc|dec|cmp|test|i?mul|i?div|sh[lr]d?|sa[lr]|ro[lr]|rc[lr]|bt[src]?|bs[fr]|[lt]zcnt|popcnt|andn|blsr|blsi|blsmsk|bextr|bzhi|pdep|pext|mulx|rorx|s[ah][lr]x|xadd|cmpxchg|adox|adcx)[bwlq]?|cmpxchg(8|16)b|cmps[bwlq]|scas[bwlq]|c[lms]c)$/,
  ],
];

/** A vector register: what no other kind takes computes with it. */
const VECTOR = /%[xyz]mm\d|\b[vq]\d/;

/** `operands` as they are written behind the mnemonic. */
export function kindOf(mnemonic: string, operands = ''): Kind {
  const found =
    KINDS.find(([, pattern]) => pattern.test(mnemonic))?.[0] ?? (VECTOR.test(operands) ? 'arithmetic' : 'other');
  if (found !== 'move' || !operands.includes('(')) return found;
  return operands.trimEnd().endsWith(')') ? 'store' : 'load';
}
