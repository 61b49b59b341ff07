/** The header: where one is (platform and city), and the tools that every page has. */
import {
  BulbOutlined,
  GlobalOutlined,
  LogoutOutlined,
  KeyOutlined,
  QuestionCircleOutlined,
  SearchOutlined,
  UserOutlined,
} from '@ant-design/icons';
import { Button, Dropdown, Tag } from 'antd';
import { Link, useNavigate } from 'react-router';
import { call } from '../api/client';
import { cache, useDeployment } from '../api/queries';
import type { Me } from '../api/types';
import { useTexts } from '../i18n';
import { lockKey } from '../keys/unlocked';
import { end, useSession } from '../session';
import { useTheme } from './theme';
import type { Mode } from './theme';

/** Name of the platform and of the city it runs for. */
export function Brand() {
  const { t, pick } = useTexts();
  const deployment = useDeployment();
  const d = deployment.data;
  return (
    <div className="brand">
      <Link to="/">
        <img src="/console/icon.svg" alt="" width="26" height="26" />
        <strong>{t('app.name')}</strong>
      </Link>
      {d && <span className="city">{t('frame.city', { city: pick({ zh: d.city_zh, en: d.city_en }) })}</span>}
      {d?.clock === 'simulated' && <Tag color="warning">{t('frame.simulated')}</Tag>}
    </div>
  );
}

/** Language and theme; on every page, also before sign-in. */
export function Preferences() {
  const { t, lang, setLang } = useTexts();
  const { mode, setMode } = useTheme();
  const modes: Mode[] = ['system', 'light', 'dark'];
  return (
    <>
      <Button
        type="text"
        icon={<GlobalOutlined />}
        lang={lang === 'zh' ? 'en' : 'zh-CN'}
        onClick={() => setLang(lang === 'zh' ? 'en' : 'zh')}
        data-testid="lang"
      >
        {t('bilingual.otherLanguage')}
      </Button>
      <Dropdown
        trigger={['click']}
        menu={{
          selectable: true,
          selectedKeys: [mode],
          items: modes.map((key) => ({ key, label: t(`theme.${key}`) })),
          onClick: ({ key }) => setMode(key as Mode),
        }}
      >
        <Button type="text" icon={<BulbOutlined />} aria-haspopup="menu" data-testid="theme">
          <span className="roomy">{t(`theme.${mode}`)}</span>
          <span className="unseen">{t('theme.title')}</span>
        </Button>
      </Dropdown>
    </>
  );
}

interface ToolsProps {
  me: Me | undefined;
  openHelp: () => void;
  openPalette: () => void;
}

/** Search, help, preferences, and the person. */
export function Tools({ me, openHelp, openPalette }: ToolsProps) {
  const { t, pick } = useTexts();
  const { session } = useSession();
  const navigate = useNavigate();
  const apple = navigator.userAgent.includes('Mac');

  const signOut = async () => {
    lockKey();
    try {
      await call('DELETE', '/api/v1/sessions');
    } catch {
      // The tab forgets the token in any case; the platform ends the session by itself when it idles.
    }
    end();
    cache.clear();
    await navigate('/login');
  };

  return (
    <div className="tools">
      <Button icon={<SearchOutlined />} onClick={openPalette} className="find" data-testid="find">
        <span className="roomy">{t('palette.open')}</span>
        <kbd>{apple ? '⌘K' : 'Ctrl K'}</kbd>
      </Button>
      <Button type="text" icon={<QuestionCircleOutlined />} onClick={openHelp} data-testid="help">
        <span className="roomy">{t('help.open')}</span>
        <span className="unseen">{t('help.title')}</span>
      </Button>
      <Preferences />
      <Dropdown
        trigger={['click']}
        menu={{
          items: [
            {
              key: 'who',
              type: 'group',
              label: (
                <span className="who">
                  {me && pick(me.org)}
                  <br />
                  {me?.roles.map((role) => t(`personRole.${role}` as 'personRole.approver')).join(' · ')}
                </span>
              ),
            },
            { key: 'key', icon: <KeyOutlined />, label: t('page.key') },
            { key: 'out', icon: <LogoutOutlined />, label: t('login.out') },
          ],
          onClick: ({ key }) => {
            if (key === 'key') void navigate('/key');
            if (key === 'out') void signOut();
          },
        }}
      >
        <Button type="text" icon={<UserOutlined />} aria-haspopup="menu" data-testid="person">
          <span className="account">{session?.account}</span>
        </Button>
      </Dropdown>
    </div>
  );
}
