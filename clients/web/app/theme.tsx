/** The button that changes between dark, light and as the system has it. */
import { THEMES, type Theme, theme } from '../ui/theme.ts';

const GLYPHS: Readonly<Record<Theme, string>> = { system: '◐', dark: '☾', light: '☀' };

export function ThemeSwitch() {
  const now = theme.value;
  const next = THEMES[(THEMES.indexOf(now) + 1) % THEMES.length] ?? 'system';
  return (
    <button
      type="button"
      class="quiet"
      aria-label={`Colours: ${now}. Change to ${next}`}
      title={`Colours: ${now}`}
      onClick={() => {
        theme.value = next;
      }}
    >
      {GLYPHS[now]}
    </button>
  );
}
