use super::{Dimensions, Refused};

/// All frames of an animation may have this many times the pixels of a still picture.
const FRAMES: u64 = 10;

/// The canvas of an animation may have the pixels of a still picture, divided by this: its decoding
/// holds the canvas, the frame and the result at once.
const CANVAS: u64 = 4;

/// Counts the pixels that the headers of a picture declare, before any is decoded.
#[derive(Debug)]
pub(super) struct PixelBudget {
    max: u64,
    of_frames: u64,
}

impl PixelBudget {
    pub(super) fn new(max: u64) -> Self {
        Self { max, of_frames: 0 }
    }

    /// The dimensions of the picture, or of an animation's canvas.
    pub(super) fn picture(&self, width: u32, height: u32) -> Result<Dimensions, Refused> {
        let pixels = u64::from(width) * u64::from(height);
        if pixels == 0 {
            return Err(Refused::NotAPicture);
        }
        if pixels > self.max {
            return Err(Refused::TooManyPixels { pixels, max: self.max });
        }
        Ok(Dimensions { width, height })
    }

    /// Counts one more frame.
    pub(super) fn frame(&mut self, width: u32, height: u32) -> Result<(), Refused> {
        self.picture(width, height)?;
        self.of_frames = self.of_frames.saturating_add(u64::from(width) * u64::from(height));
        if self.of_frames > self.max.saturating_mul(FRAMES) {
            return Err(self.too_much_animation());
        }
        Ok(())
    }

    /// Checks the canvas of a picture of several frames.
    pub(super) fn canvas(&self, canvas: Dimensions) -> Result<(), Refused> {
        let pixels = u64::from(canvas.width) * u64::from(canvas.height);
        if pixels > self.max / CANVAS {
            return Err(self.too_much_animation());
        }
        Ok(())
    }

    fn too_much_animation(&self) -> Refused {
        Refused::TooMuchAnimation {
            max: self.max / CANVAS,
            max_of_frames: self.max.saturating_mul(FRAMES),
        }
    }
}
