/** Who may do what. A role may all that those before it may. */

/** `watch` reads; `operate` sends commands, files and sessions as well; `admin` also removes. */
export const ROLES = ['watch', 'operate', 'admin'] as const;
export type Role = (typeof ROLES)[number];

export const isRole = (text: string): text is Role => (ROLES as readonly string[]).includes(text);

/** Whether `role` may do what asks for `needed`. */
export const may = (role: Role, needed: Role): boolean => ROLES.indexOf(role) >= ROLES.indexOf(needed);

/** What an HTTP request asks for. */
export function roleOfMethod(method: string): Role {
  if (method === 'GET' || method === 'HEAD') return 'watch';
  return method === 'DELETE' ? 'admin' : 'operate';
}
