# SPDX-License-Identifier: BSD-3-Clause
# As `deploy` beside it, for PowerShell 5.1 or later:
#   deploy\connect\deploy.ps1 [-Url http://localhost:8083] [-File telescope-data-sink.json]
param([string]$Url = "http://localhost:8083", [string]$File = (Join-Path $PSScriptRoot "telescope-data-sink.json"))
$ErrorActionPreference = "Stop"
$connector = Get-Content -Raw $File | ConvertFrom-Json
$name = $connector.name
$config = $connector.config | ConvertTo-Json

Invoke-RestMethod -Method Put -ContentType "application/json" -Body $config -Uri "$Url/connectors/$name/config" | Out-Null
foreach ($second in 1..60) {
  try { $status = Invoke-RestMethod -Uri "$Url/connectors/$name/status" } catch { Start-Sleep 1; continue }
  if (@($status.tasks | Where-Object { $_.state -eq "FAILED" }).Count -gt 0) { throw "$name failed: $($status | ConvertTo-Json -Depth 5)" }
  $running = @($status.tasks | Where-Object { $_.state -eq "RUNNING" }).Count
  if ($running -gt 0 -and $running -eq @($status.tasks).Count) { Write-Output "$name runs at $Url"; exit 0 }
  Start-Sleep 1
}
throw "$name does not run after a minute: $($status | ConvertTo-Json -Depth 5)"
