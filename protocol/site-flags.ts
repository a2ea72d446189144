/**
 * Bits of a static-call site's flags: STATIC_CALL_SITE_TAIL and STATIC_CALL_SITE_INIT. They are apart from the schemas, so
 * that the fold of a view needs none of these: a page loads it as it is.
 */
export const SITE_TAIL = 1;
export const SITE_INIT = 2;
