/**
 * The offline verify page: one HTML file with all code, styles and rule packs inside it. Its policy allows exactly this
 * script and this style, by their digests, and no request whatever. Written as `dist/verify.html`, after the console.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { defineConfig, type Plugin } from 'vite';

const digest = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

/** Puts script and style into the page. Text that would end a script early is written otherwise. */
function inlined(): Plugin {
  return {
    name: 'offline-page',
    enforce: 'post',
    generateBundle(_, bundle) {
      const page = bundle['offline.html'];
      const files = Object.values(bundle);
      const scripts = files.filter((f) => f.type === 'chunk');
      const [script] = scripts;
      if (page?.type !== 'asset' || files.length !== 2 || !script) {
        throw new Error('the offline page must be one page and one script');
      }
      const code = script.code.trim().replaceAll('</script', '<\\/script');
      const css = readFileSync(new URL('src/offline/offline.css', import.meta.url), 'utf8').trim();
      const policy = `default-src 'none'; script-src ${digest(code)}; style-src ${digest(css)}; base-uri 'none'; form-action 'none'`;
      const head = String(page.source)
        .replace(/<script[^>]*src=[^>]*><\/script>/, '')
        .replace(
          '<meta charset="utf-8" />',
          () =>
            `<meta charset="utf-8" />\n    <meta http-equiv="Content-Security-Policy" content="${policy}" />`,
        );
      if (/\s(src|href)=/.test(head)) throw new Error('the offline page names another file');
      const source = head
        .replace('</head>', () => `<style>${css}</style></head>`)
        .replace('</body>', () => `<script>${code}</script></body>`);
      for (const name of Object.keys(bundle)) Reflect.deleteProperty(bundle, name);
      this.emitFile({ type: 'asset', fileName: 'verify.html', source });
    },
  };
}

export default defineConfig({
  base: './',
  publicDir: false,
  plugins: [inlined()],
  server: { fs: { allow: ['..'] } },
  build: {
    target: 'es2022',
    emptyOutDir: false,
    modulePreload: false,
    sourcemap: false,
    rollupOptions: {
      input: 'offline.html',
      output: { format: 'iife', codeSplitting: false },
    },
  },
});
