/**
 * Every page of the console. A page is loaded when it is first opened; add a page here and, if people
 * should find it, in `menu.tsx`.
 */
import { createBrowserRouter } from 'react-router';
import type { ComponentType } from 'react';
import { Crash } from './Crash';
import { Frame } from './Frame';
import { Bare } from './Bare';
import { Open } from './Open';

const page = (load: () => Promise<{ default: ComponentType }>) => ({
  lazy: async () => ({ Component: (await load()).default }),
});

export const router = createBrowserRouter(
  [
    {
      ErrorBoundary: Crash,
      // Nothing is shown while the first page is loaded: it takes a fraction of a second.
      HydrateFallback: () => null,
      children: [
        {
          Component: Bare,
          children: [
            { path: 'login', ...page(() => import('../pages/Login')) },
            { path: 'setup', ...page(() => import('../pages/Setup')) },
          ],
        },
        {
          Component: Open,
          children: [{ path: 'verify', ...page(() => import('../pages/verify/VerifyPage')) }],
        },
        {
          Component: Frame,
          children: [
            { index: true, ...page(() => import('../pages/Inbox')) },
            { path: 'cases', ...page(() => import('../pages/Cases')) },
            { path: 'cases/new', ...page(() => import('../pages/OpenCase')) },
            { path: 'cases/:id', ...page(() => import('../pages/CasePage')) },
            { path: 'matters', ...page(() => import('../pages/Matters')) },
            { path: 'reviews', ...page(() => import('../pages/Reviews')) },
            { path: 'reviews/:id', ...page(() => import('../pages/Review')) },
            { path: 'catalogue', ...page(() => import('../pages/Catalogue')) },
            { path: 'catalogue/:id', ...page(() => import('../pages/ResourcePage')) },
            { path: 'catalogue/:id/change', ...page(() => import('../pages/ChangeEntry')) },
            { path: 'authorisations', ...page(() => import('../pages/Authorisations')) },
            { path: 'authorisations/:id', ...page(() => import('../pages/AuthorisationPage')) },
            { path: 'grants', ...page(() => import('../pages/Grants')) },
            { path: 'grants/:id', ...page(() => import('../pages/GrantPage')) },
            { path: 'jobs', ...page(() => import('../pages/Jobs')) },
            { path: 'jobs/:id', ...page(() => import('../pages/workspace/JobPage')) },
            { path: 'intake', ...page(() => import('../pages/intake/Intake')) },
            { path: 'intake/new', ...page(() => import('../pages/intake/NewTable')) },
            { path: 'intake/:resource', ...page(() => import('../pages/intake/Supply')) },
            { path: 'workspace', ...page(() => import('../pages/workspace/Workspaces')) },
            { path: 'workspace/:grant', ...page(() => import('../pages/workspace/Workspace')) },
            { path: 'gate/:job', ...page(() => import('../pages/gate/GatePage')) },
            { path: 'products', ...page(() => import('../pages/Products')) },
            { path: 'products/:id', ...page(() => import('../pages/ProductPage')) },
            { path: 'orders', ...page(() => import('../pages/Orders')) },
            { path: 'orders/:id', ...page(() => import('../pages/OrderPage')) },
            { path: 'organisations', ...page(() => import('../pages/Organisations')) },
            { path: 'people', ...page(() => import('../pages/People')) },
            { path: 'key-lists', ...page(() => import('../pages/KeyLists')) },
            { path: 'rules', ...page(() => import('../pages/Rules')) },
            { path: 'rules/:procedure', ...page(() => import('../pages/ProcedurePage')) },
            { path: 'compare', ...page(() => import('../pages/Compare')) },
            { path: 'compare/:pack', ...page(() => import('../pages/Compare')) },
            { path: 'audit', ...page(() => import('../pages/audit/AuditPage')) },
            { path: 'audit/:index', ...page(() => import('../pages/audit/LeafPage')) },
            { path: 'deployment', ...page(() => import('../pages/DeploymentPage')) },
            { path: 'key', ...page(() => import('../pages/Key')) },
            { path: '*', ...page(() => import('../pages/NotFound')) },
          ],
        },
      ],
    },
  ],
  { basename: '/console' },
);
