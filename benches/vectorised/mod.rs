//! Loops compiled for the processor that they run on.

/// Compiles a loop for each instruction set, and calls the best one available.
macro_rules! vectorised {
    ($(#[$doc:meta])* fn $name:ident<$type:ident, const $n:ident: usize>($($argument:ident: $of:ty),*) $body:block) => {
        $(#[$doc])*
        fn $name<$type: Real, const $n: usize>($($argument: $of),*) {
            #[inline(always)]
            fn plain<$type: Real, const $n: usize>($($argument: $of),*) $body
            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
                fn avx512<$type: Real, const $n: usize>($($argument: $of),*) {
                    plain::<$type, $n>($($argument),*);
                }
                #[target_feature(enable = "avx2")]
                fn avx2<$type: Real, const $n: usize>($($argument: $of),*) {
                    plain::<$type, $n>($($argument),*);
                }
                if is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("avx512dq")
                    && is_x86_feature_detected!("avx512vl")
                {
                    // SAFETY: the processor has the instructions.
                    return unsafe { avx512::<$type, $n>($($argument),*) };
                }
                if is_x86_feature_detected!("avx2") {
                    // SAFETY: the processor has the instructions.
                    return unsafe { avx2::<$type, $n>($($argument),*) };
                }
            }
            plain::<$type, $n>($($argument),*);
        }
    };
}
