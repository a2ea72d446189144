/** What a person can do with a machine. */
export function Actions() {
  return <nav class="actions" aria-label="Machine" />;
}
