/** The guided tour. */
export function Tour() {
  return null;
}
