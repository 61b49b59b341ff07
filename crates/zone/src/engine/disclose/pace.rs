//! Judging many groups takes long: others, and the time limit, have a turn in between.

/// Steps between two turns.
const STEPS: u32 = 512;

/// Counts steps, and gives others a turn from time to time.
#[derive(Default)]
pub(super) struct Pace(u32);

impl Pace {
    pub(super) async fn step(&mut self) {
        self.0 += 1;
        if self.0 >= STEPS {
            self.turn().await;
        }
    }

    pub(super) async fn turn(&mut self) {
        self.0 = 0;
        tokio::task::yield_now().await;
    }
}
