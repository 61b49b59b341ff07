//! Where copies of the zone's keys lie: the custody, and what killed restores and drills left beside the folder.

use super::{Check, State};
use crate::backups::beside::{self, Found};
use crate::backups::kept;
use crate::layout::Layout;
use app::deployment::Deployment;
use model::storage_words;

/// Whether the custody can be reached, and whether keys lie where no destruction would look for them.
pub fn checks(layout: &Layout, deployment: &Deployment) -> Vec<Check> {
    let away = away(layout, deployment);
    custody(layout, deployment).into_iter().chain(left(layout)).chain(away).collect()
}

/// Places where snapshots were laid out with the custody's keys, and whose disk is away: destructions wait for them.
fn away(layout: &Layout, deployment: &Deployment) -> Vec<Check> {
    let Ok(Some(custody)) = kept::reached(layout, &deployment.deployment) else { return Vec::new() };
    let places = custody.places().unwrap_or_default().into_iter().filter(|place| !place.is_reached());
    places
        .map(|place| {
            let (folder, note) = (place.folder.display(), place.note.display());
            Check::new(
                "places_away",
                State::Fail,
                format!("{folder} 曾展开密钥副本，其磁盘现在不在：销毁会等它。请挂载；若已永久丢失，由托管保管人删除 {note}。"),
                format!(
                    "Copies of keys were laid out in {folder}, and its disk is away: destructions wait for it. Mount it; where it is lost for good, the custody's keeper removes {note}."
                ),
            )
        })
        .collect()
}

fn custody(layout: &Layout, deployment: &Deployment) -> Option<Check> {
    let place = match kept::of(layout) {
        Ok(None) => return None,
        Ok(Some(kept)) => kept.path.display().to_string(),
        Err(_) => layout.custody_file().display().to_string(),
    };
    Some(match kept::reached(layout, &deployment.deployment) {
        Ok(_) => Check::new(
            "custody",
            State::Ok,
            format!("密钥托管可达：{place}。"),
            format!("The custody of keys is reached: {place}."),
        ),
        Err(_) => Check::new(
            "custody",
            State::Fail,
            format!("密钥托管不可达，或该处是另一处托管：{place}。销毁、封存须等它恢复；请挂载它。"),
            format!(
                "The custody of keys is not reached, or another one stands there: {place}. Destructions and sealings wait for it; mount it."
            ),
        ),
    })
}

fn left(layout: &Layout) -> Vec<Check> {
    let found = match beside::found(layout) {
        Ok(found) => found,
        Err(e) => {
            let [zh, en] = storage_words(e.kind());
            return vec![Check::new(
                "left_copies",
                State::Fail,
                format!("数据目录旁边无法查看（{zh}）。"),
                format!("What lies beside the data folder cannot be seen ({en})."),
            )];
        }
    };
    let told = |(folder, found): (std::path::PathBuf, Found)| {
        let folder = folder.display();
        if found == Found::InUse {
            return Check::new(
                "left_copies",
                State::Warn,
                format!("正在进行恢复或演练，密钥副本在 {folder}；销毁会等它结束。"),
                format!(
                    "A restore or a drill is under way, with copies of keys in {folder}; destructions wait for its end."
                ),
            );
        }
        Check::new(
            "left_copies",
            State::Fail,
            format!("中断的恢复或演练留下了密钥副本：{folder}。下次启动、备份、恢复或销毁时会清除。"),
            format!(
                "A restore or drill that was cut short left copies of keys in {folder}. The next start, backup, restore or destruction removes them."
            ),
        )
    };
    found.into_iter().map(told).collect()
}
