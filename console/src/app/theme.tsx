/**
 * Colours and sizes. Every text and control colour is chosen to pass WCAG 2.2 AA on its ground, in light
 * and dark. The tokens are also written as CSS variables (`--y-…`) for `styles.css`.
 */
import { App as AntApp, ConfigProvider, theme } from 'antd';
import type { ThemeConfig } from 'antd';
import type { Locale } from 'antd/es/locale';
import { createContext, useContext, useEffect, useMemo, useState, useSyncExternalStore } from 'react';
import type { ReactNode } from 'react';
import { useTexts } from '../i18n';
import type { Lang } from '../i18n';
import { nonce } from './nonce';

/** What the person chose; `system` follows the device. */
export type Mode = 'system' | 'light' | 'dark';

const KEPT = 'yunyu.theme';
const FONT =
  '-apple-system, "Segoe UI", "PingFang SC", "Hiragino Sans GB", "Microsoft YaHei", "Noto Sans CJK SC", "Source Han Sans SC", sans-serif';
const MONO = '"SF Mono", "JetBrains Mono", Consolas, "DejaVu Sans Mono", "Noto Sans Mono CJK SC", monospace';

const shared: ThemeConfig['token'] = {
  fontFamily: FONT,
  fontFamilyCode: MONO,
  borderRadius: 6,
  fontSize: 14,
  wireframe: false,
};

const light: ThemeConfig = {
  algorithm: theme.defaultAlgorithm,
  token: {
    ...shared,
    colorPrimary: '#0a4b9c',
    colorInfo: '#0a4b9c',
    colorLink: '#0a4b9c',
    colorSuccess: '#1b6b1b',
    colorWarning: '#8a4b00',
    colorError: '#b3261e',
    colorPrimaryBg: '#e8f0fb',
    colorInfoBg: '#e8f0fb',
    colorInfoBorder: '#8fb4e3',
    colorSuccessBg: '#e7f5e7',
    colorSuccessBorder: '#8cc58c',
    colorWarningBg: '#fdf3df',
    colorWarningBorder: '#e0b469',
    colorErrorBg: '#fdecea',
    colorErrorBorder: '#e39a95',
    colorTextSecondary: 'rgba(0,0,0,0.72)',
    colorTextTertiary: 'rgba(0,0,0,0.65)',
    colorTextQuaternary: 'rgba(0,0,0,0.62)',
    colorTextPlaceholder: 'rgba(0,0,0,0.62)',
    colorTextDescription: 'rgba(0,0,0,0.65)',
    colorTextDisabled: 'rgba(0,0,0,0.58)',
    colorBgLayout: '#f4f6f9',
    colorBorder: '#8c8f96',
  },
};

const dark: ThemeConfig = {
  algorithm: theme.darkAlgorithm,
  token: {
    ...shared,
    colorPrimary: '#7db4ff',
    colorInfo: '#7db4ff',
    colorLink: '#8bbcff',
    colorLinkHover: '#b3d3ff',
    colorLinkActive: '#b3d3ff',
    colorSuccess: '#7fcf7f',
    colorWarning: '#f0b45a',
    colorError: '#ff9a94',
    colorPrimaryBg: '#152a47',
    colorInfoBg: '#152a47',
    colorInfoBorder: '#3a5f94',
    colorSuccessBg: '#13301a',
    colorSuccessBorder: '#376b42',
    colorWarningBg: '#38290e',
    colorWarningBorder: '#7a5c22',
    colorErrorBg: '#3c1a18',
    colorErrorBorder: '#87433f',
    colorTextLightSolid: '#06182f',
    colorText: 'rgba(255,255,255,0.9)',
    colorTextSecondary: 'rgba(255,255,255,0.78)',
    colorTextTertiary: 'rgba(255,255,255,0.7)',
    colorTextQuaternary: 'rgba(255,255,255,0.66)',
    colorTextPlaceholder: 'rgba(255,255,255,0.66)',
    colorTextDescription: 'rgba(255,255,255,0.72)',
    colorTextDisabled: 'rgba(255,255,255,0.62)',
    colorBgLayout: '#0e1116',
    colorBgContainer: '#161b22',
    colorBgElevated: '#1c222b',
    colorBorder: '#6b7480',
  },
};

interface Chosen {
  mode: Mode;
  dark: boolean;
  setMode: (mode: Mode) => void;
}

const Context = createContext<Chosen>({ mode: 'system', dark: false, setMode: () => undefined });

/** The theme in use and how to change it. */
export function useTheme(): Chosen {
  return useContext(Context);
}

function keptMode(): Mode {
  const kept = localStorage.getItem(KEPT);
  return kept === 'light' || kept === 'dark' ? kept : 'system';
}

function useMedia(media: string): boolean {
  const query = useMemo(() => window.matchMedia(media), [media]);
  return useSyncExternalStore(
    (listener) => {
      query.addEventListener('change', listener);
      return () => query.removeEventListener('change', listener);
    },
    () => query.matches,
  );
}

async function localeOf(lang: Lang): Promise<Locale> {
  return lang === 'zh'
    ? (await import('antd/es/locale/zh_CN')).default
    : (await import('antd/es/locale/en_US')).default;
}

const CSP = nonce === undefined ? {} : { nonce };

/** Theme, antd's language, and the nonce. */
export function ThemeProvider({ children }: { children: ReactNode }) {
  const { lang } = useTexts();
  const [mode, setKept] = useState<Mode>(keptMode);
  const systemDark = useMedia('(prefers-color-scheme: dark)');
  // Paper is white, whatever the screen is.
  const printing = useMedia('print');
  const [locale, setLocale] = useState<Locale | null>(null);
  const isDark = !printing && (mode === 'dark' || (mode === 'system' && systemDark));
  const value = useMemo<Chosen>(
    () => ({
      mode,
      dark: isDark,
      setMode: (next) => {
        localStorage.setItem(KEPT, next);
        setKept(next);
      },
    }),
    [mode, isDark],
  );

  useEffect(() => {
    let gone = false;
    void localeOf(lang).then((found) => {
      if (!gone) setLocale(found);
    });
    return () => {
      gone = true;
    };
  }, [lang]);

  if (!locale) return null;
  return (
    <Context.Provider value={value}>
      <ConfigProvider
        theme={isDark ? dark : light}
        locale={locale}
        csp={CSP}
        button={{ autoInsertSpace: false }}
      >
        <AntApp component={false}>
          <Variables dark={isDark}>{children}</Variables>
        </AntApp>
      </ConfigProvider>
    </Context.Provider>
  );
}

function Variables({ dark: isDark, children }: { dark: boolean; children: ReactNode }) {
  const { token } = theme.useToken();
  useEffect(() => {
    const style = document.documentElement.style;
    const set: Record<string, string> = {
      text: token.colorText,
      soft: token.colorTextSecondary,
      faint: token.colorTextTertiary,
      bg: token.colorBgContainer,
      raised: token.colorBgElevated,
      layout: token.colorBgLayout,
      line: token.colorBorderSecondary,
      edge: token.colorBorder,
      primary: token.colorPrimary,
      tint: token.colorPrimaryBg,
      link: token.colorLink,
      success: token.colorSuccess,
      warning: token.colorWarning,
      error: token.colorError,
      'warning-tint': token.colorWarningBg,
      font: FONT,
      mono: MONO,
    };
    for (const [name, value] of Object.entries(set)) style.setProperty(`--y-${name}`, value);
    style.colorScheme = isDark ? 'dark' : 'light';
    document.documentElement.dataset['theme'] = isDark ? 'dark' : 'light';
  }, [token, isDark]);
  return children;
}
