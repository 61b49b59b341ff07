/**
 * The console is served by the platform under `/console/`. For work on it, `YUNYU_URL` names a
 * running platform and both the development and the preview server pass API calls on to it.
 */
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

const platform = process.env['YUNYU_URL'] ?? 'http://127.0.0.1:7800';
const proxy = { '/api': { target: platform, changeOrigin: false } };

export default defineConfig({
  base: '/console/',
  plugins: [react()],
  // The rule packs of the repository are read by the offline verifier.
  server: { proxy, fs: { allow: ['..'] } },
  preview: { proxy },
  // Workers load a suite's code when it is needed.
  worker: { format: 'es' },
  build: {
    target: 'es2022',
    // Inlined assets would need `data:` in the content-security policy.
    assetsInlineLimit: 0,
    sourcemap: false,
  },
  test: { include: ['src/**/*.test.ts', 'src/**/*.test.tsx'], environment: 'node' },
});
