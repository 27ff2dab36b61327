# The same model by TMB: Laplace with a sparse Hessian, the mode by nlminb, standard deviations of the field
# at the mode of the parameters. `Rscript -e 'TMB::compile("tmb_field.cpp")'` has made the library.
arguments <- commandArgs(trailingOnly = TRUE)
suppressMessages(library(TMB))
library_file <- arguments[1]; counts <- arguments[2]; out <- arguments[3]
dyn.load(library_file)
started <- proc.time()[["elapsed"]]
all <- read.csv(counts)
n <- c(max(all$a) + 1, max(all$b) + 1)
seen <- all[!is.na(all$y), ]
data <- list(y = seen$y, a = as.integer(seen$a), b = as.integer(seen$b))
start <- list(mu = log(mean(seen$y)), log_sd = 0, log_lengthscale = log(n / 10), x = array(0, n))
objective <- MakeADFun(data, start, random = "x", DLL = "tmb_field", silent = TRUE)
mode <- nlminb(objective$par, objective$fn, objective$gr)
report <- sdreport(objective, ignore.parm.uncertainty = TRUE)
par <- as.list(report, "Estimate"); sd <- sqrt(report$diag.cov.random)
seconds <- proc.time()[["elapsed"]] - started
eta <- par$mu + exp(par$log_sd) * par$x
write.csv(data.frame(a = as.vector(row(eta)) - 1, b = as.vector(col(eta)) - 1, eta = as.vector(eta),
                     sd = exp(par$log_sd) * sd), out, row.names = FALSE)
cat(sprintf('{"peer": "TMB", "seconds": %.3f, "evaluations": %d, "value": %.4f}\n', seconds,
            as.integer(sum(mode$evaluations)), -mode$objective))
