/** The evidence file of something: what an offline verifier needs to check it, to keep and to hand on. */
import { DownloadOutlined } from '@ant-design/icons';
import { Button } from 'antd';
import { useState } from 'react';
import { get } from '../api/client';
import { useTexts } from '../i18n';
import { download } from './download';
import { Part } from './Page';
import { Failure } from './States';

/** What the platform has evidence about. */
export type About = 'products' | 'cases' | 'authorisations' | 'people' | 'resource-certificates';

/** The evidence file with what it is; shown to those whom the platform would answer. */
export function Evidence({ about, id }: { about: About; id: string }) {
  const { t, label } = useTexts();
  return (
    <Part title={t('evidence.title')}>
      <p>{label('evidence.about', about)}</p>
      <EvidenceButton about={about} id={id} />
    </Part>
  );
}

/** The button that fetches the file. */
export function EvidenceButton({ about, id }: { about: About; id: string }) {
  const { t } = useTexts();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const fetchFile = async () => {
    setBusy(true);
    setError(null);
    try {
      const [file, { canonical }] = await Promise.all([
        get<unknown>(`/api/v1/${about}/${id}/evidence`),
        import('../trust/canonical'),
      ]);
      download(`${id}.evidence.json`, canonical(file as never), 'application/json');
    } catch (e) {
      setError(e);
    } finally {
      setBusy(false);
    }
  };
  return (
    <>
      {error !== null && <Failure error={error} />}
      <Button icon={<DownloadOutlined />} loading={busy} onClick={() => void fetchFile()}>
        {t('evidence.download')}
      </Button>
    </>
  );
}
