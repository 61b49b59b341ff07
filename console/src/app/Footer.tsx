/** Facts of the deployment, small, at the foot of every page. */
import { useDeployment } from '../api/queries';
import { useTexts } from '../i18n';
import { Time } from '../parts/Time';

/** The foot of a page. */
export function Footer() {
  const { t } = useTexts();
  const { data } = useDeployment();
  if (!data) return <footer className="foot" />;
  return (
    <footer className="foot">
      <span>{t('foot.deployment', { name: data.deployment })}</span>
      <span>{t('foot.pack', { pack: data.pack })}</span>
      <span>{t(data.suite === 'gm' ? 'foot.gm' : 'foot.intl')}</span>
      <span>
        {t(
          data.confinement === 'enforced'
            ? 'foot.confined'
            : data.confinement === 'partial'
              ? 'foot.partlyConfined'
              : 'foot.notConfined',
        )}
      </span>
      <span>{t('foot.version', { version: data.version })}</span>
      <span>
        {t('foot.now')} <Time at={data.now} />
      </span>
    </footer>
  );
}
