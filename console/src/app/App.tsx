/** Providers, in the order in which they need each other, and the router. */
import { QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from 'react-router';
import { cache } from '../api/queries';
import { LangProvider } from '../i18n';
import { LiveRegion } from '../parts/Live';
import { router } from './routes';
import { ThemeProvider } from './theme';

/** The console. */
export function App() {
  return (
    <LangProvider>
      <ThemeProvider>
        <QueryClientProvider client={cache}>
          <LiveRegion />
          <RouterProvider router={router} />
        </QueryClientProvider>
      </ThemeProvider>
    </LangProvider>
  );
}
