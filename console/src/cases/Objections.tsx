/** What people without an account objected on the public page of a notice; only the authority is told. */
import { Tag } from 'antd';
import type { PublicObjection } from '../api/types';
import { useTexts } from '../i18n';
import { Facts } from '../parts/Facts';
import { Part } from '../parts/Page';
import { Time } from '../parts/Time';

/** The objections, each with its text; where to answer is told to approvers. */
export function Objections({ list }: { list: PublicObjection[] }) {
  const { t } = useTexts();
  if (list.length === 0) return null;
  return (
    <Part title={t('objection.title')}>
      <ul className="plain objections">
        {list.map((one) => (
          <li key={one.id}>
            <p>{one.text}</p>
            <Facts
              items={[
                [
                  t('cases.state'),
                  <Tag key="s" color={one.settled ? 'success' : 'warning'}>
                    {t(one.settled ? 'objection.settled' : 'objection.open')}
                  </Tag>,
                ],
                [t('objection.at'), <Time key="t" at={one.at} />],
                one.contact !== undefined && [t('objection.contact'), one.contact],
              ]}
            />
          </li>
        ))}
      </ul>
    </Part>
  );
}
