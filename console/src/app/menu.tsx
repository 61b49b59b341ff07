/**
 * The side menu: which pages a person finds, by what the organisation and the person do. The menu only
 * leads; what a person may do is decided by the platform. Add a page of `routes.tsx` here.
 */
import {
  AuditOutlined,
  BankOutlined,
  CloudServerOutlined,
  BookOutlined,
  CheckSquareOutlined,
  CloudUploadOutlined,
  ConsoleSqlOutlined,
  ContainerOutlined,
  DatabaseOutlined,
  FileDoneOutlined,
  FileProtectOutlined,
  FolderOpenOutlined,
  InboxOutlined,
  KeyOutlined,
  ReconciliationOutlined,
  SafetyCertificateOutlined,
  ShoppingCartOutlined,
  TagsOutlined,
  TeamOutlined,
  ThunderboltOutlined,
} from '@ant-design/icons';
import type { ReactNode } from 'react';
import type { Me } from '../api/types';
import type { MessageKey } from '../i18n';

/** A page that people find. */
export interface Item {
  path: string;
  label: MessageKey;
  icon: ReactNode;
  /** For whom; without it, for everyone. */
  show?: (me: Me) => boolean;
}

/** A group of pages. */
export interface Group {
  label: MessageKey;
  items: Item[];
}

const ADMINS = ['system_admin', 'security_admin', 'audit_admin'];
const OVERSEERS = [
  'data_authority',
  'implementing_agency',
  'coordination_body',
  'security_regulator',
  'market_regulator',
  'expert_panel',
  'third_party_assessor',
];

/** Whether a person holds one of these roles in the software. */
export const holds = (me: Me, ...roles: string[]) => me.roles.some((role) => roles.includes(role));
/** Whether the person's organisation has one of these duties. */
export const orgIs = (me: Me, ...roles: string[]) => me.org.roles.some((role) => roles.includes(role));
/** One of the three administrators, who decide nothing. */
export const isAdmin = (me: Me) => holds(me, ...ADMINS);
/** Sees the objects of others: plans, reviews, supervises or watches. */
export const oversees = (me: Me) => orgIs(me, ...OVERSEERS) || holds(me, 'audit_admin');
const works = (me: Me) => !isAdmin(me);

export const MENU: Group[] = [
  {
    label: 'menu.work',
    items: [
      { path: '/', label: 'page.inbox', icon: <InboxOutlined />, show: works },
      {
        path: '/cases',
        label: 'page.cases',
        icon: <FolderOpenOutlined />,
        show: (me) => works(me) || holds(me, 'audit_admin'),
      },
      {
        path: '/matters',
        label: 'page.matters',
        icon: <ReconciliationOutlined />,
        show: (me) => works(me) || holds(me, 'audit_admin'),
      },
      {
        path: '/reviews',
        label: 'page.reviews',
        icon: <CheckSquareOutlined />,
        show: (me) => holds(me, 'approver') && (oversees(me) || orgIs(me, 'data_provider')),
      },
    ],
  },
  {
    label: 'menu.data',
    items: [
      { path: '/catalogue', label: 'page.catalogue', icon: <DatabaseOutlined /> },
      {
        path: '/intake',
        label: 'page.intake',
        icon: <CloudUploadOutlined />,
        show: (me) => orgIs(me, 'data_provider') && holds(me, 'officer'),
      },
      {
        path: '/authorisations',
        label: 'page.authorisations',
        icon: <FileProtectOutlined />,
        show: (me) => oversees(me) || orgIs(me, 'operator'),
      },
      {
        path: '/grants',
        label: 'page.grants',
        icon: <ContainerOutlined />,
        show: (me) => oversees(me) || orgIs(me, 'operator'),
      },
      {
        path: '/workspace',
        label: 'page.workspace',
        icon: <ConsoleSqlOutlined />,
        show: (me) => orgIs(me, 'operator') && holds(me, 'engineer'),
      },
      {
        path: '/jobs',
        label: 'page.jobs',
        icon: <ThunderboltOutlined />,
        show: (me) => oversees(me) || orgIs(me, 'operator'),
      },
    ],
  },
  {
    label: 'menu.market',
    items: [
      { path: '/products', label: 'page.products', icon: <TagsOutlined /> },
      {
        path: '/orders',
        label: 'page.orders',
        icon: <ShoppingCartOutlined />,
        show: (me) => oversees(me) || orgIs(me, 'operator', 'data_consumer'),
      },
    ],
  },
  {
    label: 'menu.rules',
    items: [
      { path: '/rules', label: 'page.rules', icon: <BookOutlined /> },
      { path: '/organisations', label: 'page.organisations', icon: <BankOutlined /> },
      { path: '/people', label: 'page.people', icon: <TeamOutlined /> },
      { path: '/deployment', label: 'page.deployment', icon: <CloudServerOutlined /> },
      {
        path: '/key-lists',
        label: 'page.keyLists',
        icon: <SafetyCertificateOutlined />,
        show: (me) => isAdmin(me) || oversees(me),
      },
      {
        path: '/audit',
        label: 'page.audit',
        icon: <AuditOutlined />,
        show: (me) => holds(me, 'audit_admin') || orgIs(me, 'security_regulator', 'market_regulator'),
      },
      { path: '/verify', label: 'page.verify', icon: <FileDoneOutlined /> },
    ],
  },
  {
    label: 'menu.own',
    items: [{ path: '/key', label: 'page.key', icon: <KeyOutlined /> }],
  },
];

/** The first page of a person. */
export function home(me: Me): string {
  if (holds(me, 'system_admin')) return '/people';
  if (holds(me, 'security_admin')) return '/key-lists';
  if (holds(me, 'audit_admin')) return '/cases';
  return '/';
}

/** The menu of one person. */
export function menuFor(me: Me): Group[] {
  return MENU.map((group) => ({
    ...group,
    items: group.items.filter((item) => item.show?.(me) ?? true),
  })).filter((group) => group.items.length > 0);
}
