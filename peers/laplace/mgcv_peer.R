# A tensor product of cubic regression splines by mgcv's bam, discretized, with smoothing by fREML.
arguments <- commandArgs(trailingOnly = TRUE)
suppressMessages(library(mgcv))
counts <- arguments[1]; out <- arguments[2]; k <- as.integer(arguments[3])
started <- proc.time()[["elapsed"]]
all <- read.csv(counts)
fit <- bam(y ~ te(a, b, k = c(k, k)), family = poisson(), data = all[!is.na(all$y), ], discrete = TRUE,
           nthreads = 2)
found <- predict(fit, newdata = all, se.fit = TRUE, discrete = FALSE)
seconds <- proc.time()[["elapsed"]] - started
write.csv(data.frame(a = all$a, b = all$b, eta = as.vector(found$fit), sd = as.vector(found$se.fit)), out,
          row.names = FALSE)
cat(sprintf('{"peer": "mgcv bam, te of %d x %d", "seconds": %.3f, "evaluations": %d}\n', k, k, seconds,
            as.integer(fit$iter)))
