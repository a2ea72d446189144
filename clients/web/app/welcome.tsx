/** No machine yet. */
export function Welcome() {
  return (
    <div class="card">
      <h2>There is no machine yet</h2>
      <p>A machine is one simulated kernel. Boot one, then drop module files on this page.</p>
    </div>
  );
}
